// The state of the room and what can be done in it. Views read the signals and call the actions.
import { computed, signal } from "@preact/signals";

import type { PageMessage, RoomStatus } from "../messages";
import { RoomError, getStatus, sendOffer, setToken } from "../rtc/api";
import { Levels, type Side } from "../rtc/levels";
import { openMicrophone } from "../rtc/microphone";
import { Peer } from "../rtc/peer";
import { type Problem, problem } from "./problems";
import { type Turn, withMessage } from "./turns";

export type Phase = "idle" | "microphone" | "connecting" | "warming" | "talking" | "ending" | "over";
export type Activity = "listening" | "caller" | "thinking" | "bot";

export const phase = signal<Phase>("idle");
export const trouble = signal<Problem | null>(null);
export const server = signal<RoomStatus>({ bot: "Tandem", state: "ready", reason: "" });
export const turns = signal<readonly Turn[]>([]);
/** What the caller is saying, before the words are certain. */
export const hearing = signal("");
export const notice = signal("");
export const activity = signal<Activity>("listening");
export const muted = signal(false);
export const startedAt = signal(0);
export const lasted = signal(0);
export const endReason = signal("");
export const inCall = computed(() => phase.value === "talking" || phase.value === "ending");
export const starting = computed(() =>
  ["microphone", "connecting", "warming"].includes(phase.value),
);

/** Loudness of both sides, 0 to 1; set by the view that shows it. */
export const meter: { show: (levels: Record<Side, number>) => void } = { show: () => undefined };

const STATUS_MS = 2000;
/** After `ended`: how long the bot must be silent, and how long to wait for that at most. */
const QUIET_MS = 400;
const LAST_WORDS_MS = 8000;

/** What belongs to one call and must be closed with it. */
interface Line {
  microphone?: MediaStream;
  peer?: Peer;
  levels?: Levels;
  readonly player: HTMLAudioElement;
  readonly abort: AbortController;
}
let line: Line | null = null;

/** Keeps `server` true while nobody is on the line: at once, and until it is ready. */
export async function followStatus(): Promise<void> {
  try {
    server.value = await getStatus();
  } catch {
    server.value = { ...server.value, state: "warming", reason: "the server does not answer" };
  }
  if (server.value.state !== "ready") setTimeout(() => void followStatus(), STATUS_MS);
}

export async function call(): Promise<void> {
  if (starting.value || inCall.value) return;
  const mine: Line = { player: new Audio(), abort: new AbortController() };
  line = mine;
  turns.value = [];
  hearing.value = notice.value = endReason.value = "";
  trouble.value = null;
  muted.value = false;
  startedAt.value = 0;
  activity.value = "listening";
  phase.value = "microphone";
  try {
    mine.microphone = await openMicrophone();
    if (line !== mine) return stopTracks(mine);
    for (const track of mine.microphone.getTracks()) {
      track.onended = () => line === mine && end(problem("no_microphone"));
    }
    mine.levels = new Levels((levels) => meter.show(levels));
    mine.levels.add("caller", mine.microphone);
    phase.value = "connecting";
    mine.peer = new Peer(mine.microphone, events(mine));
    await mine.peer.connect((sdp) => offerUntilReady(sdp, mine));
  } catch (error) {
    if (line !== mine) return;
    const { code, message } = error instanceof RoomError ? error : new RoomError("broken");
    end(problem(code, message));
  }
}

export function hangUp(): void {
  end(null, "you hung up");
}

export function toggleMute(): void {
  muted.value = !muted.value;
  for (const track of line?.microphone?.getAudioTracks() ?? []) track.enabled = !muted.value;
}

export function unlock(token: string): void {
  setToken(token);
  void call();
}

async function offerUntilReady(sdp: string, mine: Line): ReturnType<typeof sendOffer> {
  for (;;) {
    try {
      const answer = await sendOffer(sdp, mine.abort.signal);
      phase.value = "connecting";
      return answer;
    } catch (error) {
      if (!(error instanceof RoomError) || error.code !== "warming") throw error;
      phase.value = "warming";
      notice.value = error.message;
      await new Promise((resolve) => setTimeout(resolve, error.retrySeconds * 1000));
      if (line !== mine) throw error;
    }
  }
}

function events(mine: Line): ConstructorParameters<typeof Peer>[1] {
  return {
    ready() {
      notice.value = "";
      startedAt.value = Date.now();
      phase.value = "talking";
    },
    audio(stream) {
      mine.player.srcObject = stream;
      mine.player.play().catch(() => {
        notice.value = "The browser keeps the sound off. Click anywhere to hear the bot.";
        addEventListener("click", () => void mine.player.play(), { once: true });
      });
      mine.levels?.add("bot", stream);
    },
    message: (message) => received(message, mine),
    rtvi: heardOf,
    gone(left) {
      if (line !== mine) return;
      const reason = endReason.value || "bot hung up";
      if (phase.value === "ending" || left) end(goodbye(reason), reason);
      else end(problem(phase.value === "talking" ? "lost" : "no_media"));
    },
  };
}

function received(message: PageMessage, mine: Line): void {
  switch (message.type) {
    case "caption":
      if (message.speaker === "caller") hearing.value = "";
      turns.value = withMessage(turns.value, message);
      break;
    case "cut":
    case "turn":
      turns.value = withMessage(turns.value, message);
      break;
    case "notice":
      notice.value = message.text;
      break;
    case "ended":
      lastWords(message.reason, mine);
  }
}

function heardOf(type: string, data: Record<string, unknown>): void {
  switch (type) {
    case "user-started-speaking":
      activity.value = "caller";
      break;
    case "user-stopped-speaking":
      activity.value = "thinking";
      break;
    case "bot-started-speaking":
      activity.value = "bot";
      break;
    case "bot-stopped-speaking":
      if (activity.value === "bot") activity.value = "listening";
      break;
    case "user-input":
      hearing.value = data["final"] === false ? String(data["text"] ?? "") : "";
  }
}

/** The bot is done: hang up once its last words have been heard, long before the server does. */
function lastWords(reason: string, mine: Line): void {
  endReason.value = reason;
  phase.value = "ending";
  const since = Date.now();
  let quietSince = since;
  const timer = setInterval(() => {
    if (activity.value === "bot") quietSince = Date.now();
    const over = Date.now() - quietSince >= QUIET_MS || Date.now() - since >= LAST_WORDS_MS;
    if (line === mine && !over) return;
    clearInterval(timer);
    if (line === mine) end(goodbye(reason), reason);
  }, 50);
}

function goodbye(reason: string): Problem | null {
  return reason === "error" ? problem("broken") : null;
}

/** Closes the line; the conversation stays readable. */
function end(why: Problem | null, reason = ""): void {
  const ended = line;
  line = null;
  if (!ended) return;
  lasted.value = startedAt.value ? Date.now() - startedAt.value : 0;
  ended.abort.abort();
  ended.peer?.close();
  ended.levels?.close();
  ended.player.srcObject = null;
  stopTracks(ended);
  hearing.value = notice.value = "";
  activity.value = "listening";
  endReason.value = reason;
  trouble.value = why;
  phase.value = lasted.value || turns.value.length ? "over" : "idle";
  if (why?.code === "server_gone" || why?.code === "lost") void followStatus();
}

function stopTracks(ended: Line): void {
  for (const track of ended.microphone?.getTracks() ?? []) track.stop();
}

addEventListener("pagehide", () => end(null, "you left"));
