// What the room knows of the call. Views read these signals; `session.ts` sets them.
import { computed, signal } from "@preact/signals";

import type { RoomStatus, Session } from "../messages";
import type { Side } from "../rtc/levels";
import type { Problem } from "./problems";
import type { Turn } from "./turns";

export type Phase =
  | "idle"
  | "microphone"
  | "connecting"
  | "warming"
  | "talking"
  | "reconnecting"
  | "ending"
  | "over";
export type Activity = "listening" | "caller" | "thinking" | "bot";

/** A tool that the model has called. `result` is undefined while it runs. */
export interface ToolCall {
  id: string;
  name: string;
  turn: number;
  arguments: string;
  at: number;
  ms?: number;
  result?: string;
  cancelled?: boolean;
}

export interface Trouble {
  at: number;
  kind: string;
  detail: string;
}

export interface LogLine {
  number: number;
  at: number;
  sent: boolean;
  type: string;
  text: string;
}

/** This page shows the desktop of somebody who talks on the phone; it has no sound of its own. */
export const beside = signal(location.pathname === "/beside");
export const phase = signal<Phase>("idle");
export const trouble = signal<Problem | null>(null);
export const server = signal<RoomStatus>({ bot: "Tandem", state: "ready", reason: "" });
export const session = signal<Session | null>(null);
export const turns = signal<readonly Turn[]>([]);
export const toolCalls = signal<readonly ToolCall[]>([]);
export const troubles = signal<readonly Trouble[]>([]);
export const log = signal<readonly LogLine[]>([]);
/** What the caller is saying, before the words are certain. */
export const hearing = signal("");
/** What the caller has typed, until it stands in the captions. */
export const typed = signal("");
export const notice = signal("");
export const activity = signal<Activity>("listening");
export const muted = signal(false);
/** The caller has no microphone in this call, and types. */
export const textOnly = signal(false);
export const pushToTalk = signal(localStorage.getItem("tandem-push-to-talk") === "yes");
export const pushing = signal(false);
export const startedAt = signal(0);
export const lasted = signal(0);
export const endReason = signal("");
export const inCall = computed(() => ["talking", "reconnecting", "ending"].includes(phase.value));
export const starting = computed(() =>
  ["microphone", "connecting", "warming"].includes(phase.value),
);

/** Loudness of both sides, 0 to 1; set by the view that shows it. */
export const meter: { show: (levels: Record<Side, number>) => void } = { show: () => undefined };

const MOST_LINES = 300;
let lines = 0;

/** Notes a message of the protocol, for the terminal window. */
export function note(sent: boolean, type: string, data: unknown): void {
  const text = data === undefined ? "" : JSON.stringify(data).slice(0, 400);
  const line = { number: ++lines, at: Date.now(), sent, type, text };
  log.value = [...log.value.slice(1 - MOST_LINES), line];
}

/** Whether the model has a family of tools in this call; true where that is not known. */
export function can(family: string): boolean {
  return session.value?.tools.includes(family) ?? true;
}

/** A new call begins with nothing said. */
export function forget(): void {
  turns.value = [];
  toolCalls.value = [];
  troubles.value = [];
  log.value = [];
  session.value = null;
  hearing.value = typed.value = notice.value = endReason.value = "";
  trouble.value = null;
  muted.value = textOnly.value = pushing.value = false;
  startedAt.value = 0;
  activity.value = "listening";
}
