// The live calls, as the server sends what has changed.
import { computed, signal } from "@preact/signals";

import type { LiveCall, LiveLine, LiveUpdate, Load } from "../messages";
import { address, at, whoAmI } from "./api";

export const calls = signal<ReadonlyMap<string, LiveCall>>(new Map());
export const load = signal<Load | null>(null);
/** Another text whenever somebody has set something about modes. */
export const modesMark = computed(() => load.value?.modes ?? "");
export const connected = signal(false);
/** Seconds since the epoch, once a second. */
export const clockTick = signal(Date.now() / 1000);

let source: EventSource | null = null;

export function follow(): void {
  if (source) return;
  source = new EventSource(address("live"));
  source.onopen = () => (connected.value = true);
  source.onmessage = (event: MessageEvent<string>) => take(JSON.parse(event.data) as LiveUpdate);
  source.onerror = () => {
    connected.value = false;
    if (source?.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(() => void again(), 2000);
    }
  };
}

export function unfollow(): void {
  source?.close();
  source = null;
  connected.value = false;
  calls.value = new Map();
}

/** The stream was refused: signed out, or no server. */
async function again(): Promise<void> {
  await whoAmI().catch(() => undefined);
  follow();
}

function take(update: LiveUpdate): void {
  if (update.whole || update.calls.length || update.gone.length) {
    const next = update.whole ? new Map<string, LiveCall>() : new Map(calls.value);
    for (const gone of update.gone) next.delete(gone);
    for (const call of update.calls) next.set(call.id, call);
    calls.value = next;
  }
  for (const each of update.load) load.value = each;
}

/** Follow one call's lines; returns how to stop. */
export function followLines(
  call: LiveCall,
  show: (lines: LiveLine[]) => void,
): () => void {
  const known = new Map<string, LiveLine>();
  const stream = new EventSource(address(`live/${call.id}${at(call.worker)}`));
  stream.onmessage = (event: MessageEvent<string>) => {
    const update = JSON.parse(event.data) as LiveUpdate;
    if (update.whole) known.clear();
    for (const line of update.lines) known.set(line.key, line);
    if (update.lines.length || update.whole) show([...known.values()]);
  };
  return () => stream.close();
}

setInterval(() => (clockTick.value = Date.now() / 1000), 1000);
