// What the page tells the server, whichever way it is connected: as the room, or beside a call.
import { computed, effect, untracked } from "@preact/signals";

import type { UiCommand, UiEvent } from "../messages";
import { perform } from "./commands";
import { openApps } from "./desktop/windows";
import { inCall, note, phase, typed } from "./state";

type Send = (event: UiEvent) => void;
let send: Send | null = null;

/** Everything goes out by `to` from now on; null: nowhere. */
export function connectTo(to: Send | null): void {
  send = to;
}

export function tell(event: UiEvent): void {
  if (!send) return;
  note(true, event.event, event.payload);
  send(event);
}

export function tellWindows(): void {
  tell({ event: "ui.windows", payload: { windows: openApps.value } });
}

/** Says something without a voice: it becomes the caller's turn. */
export function say(text: string): void {
  const words = text.trim().slice(0, 1000);
  if (!words || !inCall.value) return;
  typed.value = words;
  tell({ event: "ui.typed", payload: { text: words } });
}

/** Does what a tool wants, and answers with what came of it. */
export async function obey(command: UiCommand): Promise<void> {
  const asked = send;
  note(false, command.command, command.payload);
  const done = await perform(command);
  if (send !== asked) return;
  const { request } = command.payload;
  const text = done.text.slice(0, 300);
  tell({ event: "ui.done", payload: { request, ok: done.ok, text, windows: openApps.value } });
}

const openNow = computed(() => openApps.value.join()); // moving a window is no news
effect(() => {
  openNow.value;
  untracked(() => {
    if (phase.value === "talking") tellWindows();
  });
});
