// The caller's notes: the same ones that the tools keep. Typing is saved by itself; what the bot
// changes by voice shows at once, and nothing that was typed meanwhile is lost.
import { signal } from "@preact/signals";

import type { NoteFull, NoteShow, NoteTitle } from "../../messages";
import { RoomError, createNote, deleteNote, listNotes, readNote, writeNote } from "../../rtc/api";
import { type Done, close, done, failed, open } from "../desktop/windows";
import { problem } from "../problems";

/** A note in the editor: `base` is what the store has, `text` what stands there. */
export interface OpenNote extends NoteFull {
  base: string;
}

export const list = signal<readonly NoteTitle[]>([]);
export const current = signal<OpenNote | null>(null);
export const saving = signal<"saved" | "typing" | "saving" | "failed">("saved");
export const noteTrouble = signal("");

const SAVE_MS = 600;
const RETRY_MS = 4000;
let timer = 0;

export async function refresh(): Promise<void> {
  await attempt(async () => {
    list.value = await listNotes();
  });
}

export async function choose(id: string): Promise<void> {
  await flush();
  await attempt(async () => take(await readNote(id)));
}

/** Back to the list of notes. */
export async function leave(): Promise<void> {
  const left = current.value;
  await flush();
  if (current.value?.id === left?.id && saving.value !== "failed") current.value = null;
}

export async function create(title: string): Promise<void> {
  await flush();
  await attempt(async () => {
    const note = await createNote(title);
    take(note);
    await refresh();
  });
}

export async function remove(note: OpenNote): Promise<void> {
  clearTimeout(timer);
  await attempt(async () => {
    await deleteNote(note.id);
    if (current.value?.id === note.id) current.value = null;
    await refresh();
  });
}

/** The caller types. */
export function edit(text: string): void {
  if (!current.value) return;
  current.value = { ...current.value, text };
  saving.value = "typing";
  clearTimeout(timer);
  timer = window.setTimeout(() => void flush(), SAVE_MS);
}

/** Saves what was typed, if anything was. */
export async function flush(): Promise<void> {
  clearTimeout(timer);
  const note = current.value;
  if (!note || note.text === note.base) return;
  saving.value = "saving";
  try {
    const { note: stored, written } = await writeNote(note.id, note.text, note.base);
    noteTrouble.value = "";
    const now = current.value;
    if (now?.id !== note.id) return;
    const text = written ? now.text : merged(now.base, now.text, stored.text);
    current.value = { ...now, base: stored.text, text };
    saving.value = "saved";
    if (text !== stored.text) edit(text);
  } catch (error) {
    saving.value = "failed";
    tell(error);
    if (error instanceof RoomError && error.code === "server_gone") {
      timer = window.setTimeout(() => void flush(), RETRY_MS);
    }
  }
}

/** A tool shows a note, or has changed it. */
export function showNote({ id, title, text }: NoteShow): Done {
  open("notes");
  const now = current.value;
  if (now?.id !== id) {
    void flush();
    take({ id, title, text });
  } else if (now.text === now.base) {
    take({ id, title, text });
  } else {
    current.value = { ...now, title, base: text };
    edit(merged(now.base, now.text, text));
  }
  list.value = [{ id, title }, ...list.value.filter((one) => one.id !== id)];
  void refresh();
  return done();
}

/** A tool closes the notes, or has deleted the one with this id. */
export function closeNote(id: string): Done {
  if (!id) return close("notes");
  const known = list.value.some((one) => one.id === id) || current.value?.id === id;
  if (current.value?.id === id) current.value = null;
  list.value = list.value.filter((one) => one.id !== id);
  return known ? done() : failed("that note was not on the screen");
}

/** `mine` and `theirs` were both made of `base`: theirs, with the lines that are new in mine. */
export function merged(base: string, mine: string, theirs: string): string {
  if (theirs === base) return mine;
  if (mine === base) return theirs;
  if (theirs.startsWith(base)) return mine + theirs.slice(base.length);
  if (theirs.endsWith(base)) return theirs.slice(0, theirs.length - base.length) + mine;
  const known = new Set([...base.split("\n"), ...theirs.split("\n")]);
  const added = mine.split("\n").filter((line) => line.trim() && !known.has(line));
  return [theirs, ...added].join("\n");
}

function take(note: NoteFull): void {
  clearTimeout(timer);
  current.value = { ...note, base: note.text };
  saving.value = "saved";
  noteTrouble.value = "";
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
    noteTrouble.value = "";
  } catch (error) {
    tell(error);
  }
}

function tell(error: unknown): void {
  const { code, message } = error instanceof RoomError ? error : new RoomError("broken");
  const found = problem(code, message);
  noteTrouble.value = message || `${found.title}. ${found.advice}`;
}

addEventListener("pagehide", () => void flush());
