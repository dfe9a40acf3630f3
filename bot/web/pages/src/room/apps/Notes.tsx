import { useEffect, useRef, useState } from "preact/hooks";

import { onlyReading } from "../Beside";
import { BackIcon, DownloadIcon, PlusIcon, TrashIcon } from "../icons";
import { save } from "./files";
import {
  type OpenNote,
  choose,
  create,
  current,
  edit,
  flush,
  leave,
  list,
  noteTrouble,
  refresh,
  remove,
  saving,
} from "./notes";

const STATES = { saved: "Saved", typing: "Typing…", saving: "Saving…", failed: "Not saved" };

export function Notes() {
  const [words, setWords] = useState("");
  useEffect(() => {
    void refresh();
    return () => void flush();
  }, []);
  const wanted = words.trim().toLowerCase();
  const shown = list.value.filter((note) => note.title.toLowerCase().includes(wanted));
  const note = current.value;
  return (
    <div class="notes" data-open={Boolean(note ?? noteTrouble.value)}>
      <div class="notes-list">
        <input
          type="search"
          aria-label="Search the notes' titles"
          placeholder="Search"
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <ul aria-label="Notes">
          {shown.map((one) => (
            <li key={one.id}>
              <button
                type="button"
                aria-current={one.id === note?.id ? "true" : undefined}
                onClick={() => void choose(one.id)}
              >
                {one.title}
              </button>
            </li>
          ))}
        </ul>
        {list.value.length ? null : <p class="blank">No notes yet.</p>}
        {onlyReading() ? null : <NewNote />}
      </div>
      <div class="notes-page">
        {noteTrouble.value ? (
          <p class="warn" role="alert">
            {noteTrouble.value}
          </p>
        ) : null}
        {note ? <Editor key={note.id} note={note} /> : <p class="blank">Choose a note, or say “make a note”.</p>}
      </div>
    </div>
  );
}

function NewNote() {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const title = String(new FormData(form).get("title") ?? "").trim();
    if (!title) return;
    form.reset();
    void create(title);
  };
  return (
    <form class="new-note" onSubmit={submit}>
      <input name="title" maxlength={120} placeholder="New note" aria-label="Title of a new note" />
      <button type="submit" class="tool" aria-label="Make the note" title="Make the note">
        <PlusIcon />
      </button>
    </form>
  );
}

function Editor({ note }: { note: OpenNote }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [sure, setSure] = useState(false);
  const download = (kind: "md" | "txt"): void => {
    const text = kind === "md" ? `# ${note.title}\n\n${note.text}\n` : `${note.title}\n\n${bare(note.text)}\n`;
    const type = kind === "md" ? "text/markdown" : "text/plain";
    save(`${note.title}.${kind}`, new Blob([text], { type: `${type};charset=utf-8` }));
  };
  return (
    <>
      <div class="notes-head">
        <button type="button" class="bar-button back" aria-label="All notes" title="All notes" onClick={() => void leave()}>
          <BackIcon />
        </button>
        <h3>{note.title}</h3>
        <span class="saving" role="status">
          {STATES[saving.value]}
        </span>
      </div>
      <textarea
        ref={field}
        aria-label={`Text of the note ${note.title}`}
        maxlength={20000}
        value={note.text}
        readOnly={onlyReading()}
        onInput={(event) => edit(event.currentTarget.value)}
        onBlur={() => void flush()}
      />
      <div class="notes-foot">
        <button type="button" class="tool" onClick={() => download("md")}>
          <DownloadIcon /> Markdown
        </button>
        <button type="button" class="tool" onClick={() => download("txt")}>
          <DownloadIcon /> Text
        </button>
        {onlyReading() ? null : (
          <button
            type="button"
            class={sure ? "tool danger" : "tool"}
            onClick={() => (sure ? void remove(note) : setSure(true))}
            onBlur={() => setSure(false)}
          >
            <TrashIcon /> {sure ? "Really delete?" : "Delete"}
          </button>
        )}
      </div>
    </>
  );
}

function bare(text: string): string {
  return text.replace(/^#+ +/gm, "");
}
