// A call from its first click to its end.
import { effect } from "@preact/signals";

import type { PageMessage } from "../messages";
import { RoomError, getStatus, sendOffer, setToken } from "../rtc/api";
import { Levels } from "../rtc/levels";
import { checkBrowser, openMicrophone, silence } from "../rtc/microphone";
import { Peer, type PeerEvents } from "../rtc/peer";
import type { Recording } from "../rtc/recording";
import { microphoneId, speakerId } from "./devices";
import { connectTo, obey, tellWindows } from "./outgoing";
import { type Problem, problem } from "./problems";
import { heardOf, received } from "./received";
import * as state from "./state";
import { forgetTasks } from "./tasks";

const STATUS_MS = 2000;
/** After `ended`: how long the bot must be silent, and how long to wait for that at most. */
const QUIET_MS = 400;
const LAST_WORDS_MS = 8000;
/** After a break the server repeats what it said lately; what is known already is left out. */
const REPEATS_MS = 4000;

/** What belongs to one call and must be closed with it. */
interface Line {
  microphone?: MediaStream;
  peer?: Peer;
  levels?: Levels;
  readonly player: HTMLAudioElement;
  readonly abort: AbortController;
  readonly known: Set<string>;
  repeatsUntil: number;
}
let line: Line | null = null;
let recording: Recording | null = null;

const { phase, server, trouble, notice, muted, activity, inCall } = state;

/** Keeps `server` true while nobody is on the line: at once, and until it is ready. */
export async function followStatus(): Promise<void> {
  try {
    server.value = await getStatus();
  } catch {
    server.value = { ...server.value, state: "warming", reason: "the server does not answer" };
  }
  if (server.value.state !== "ready") setTimeout(() => void followStatus(), STATUS_MS);
}

/** Calls the bot; `speaking` false for a caller who types. */
export async function call(speaking = true): Promise<void> {
  if (state.starting.value || inCall.value) return;
  const mine: Line = {
    player: new Audio(),
    abort: new AbortController(),
    known: new Set(),
    repeatsUntil: 0,
  };
  line = mine;
  state.forget();
  forgetTasks();
  phase.value = "microphone";
  try {
    checkBrowser();
    const levels = (mine.levels = new Levels((both) => state.meter.show(both)));
    const heard = speaking ? await openMicrophone(microphoneId.value) : silence(levels.context);
    state.textOnly.value = !speaking;
    mine.microphone = heard;
    if (line !== mine) return stopTracks(mine);
    watchMicrophone(mine, heard);
    phase.value = "connecting";
    void speakThrough(mine, speakerId.value);
    const peer = (mine.peer = new Peer(heard, events(mine)));
    connectTo((event) => peer.tell(event));
    openOrClose();
    await peer.connect((sdp, pcId) => offerUntilReady(sdp, pcId, mine));
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
}

/** Speaks through another microphone, also in the middle of a call. */
export async function changeMicrophone(id: string): Promise<void> {
  microphoneId.value = id;
  const mine = line;
  if (!mine?.peer) return;
  try {
    const heard = await openMicrophone(id);
    if (line !== mine) return;
    stopTracks(mine);
    mine.microphone = heard;
    watchMicrophone(mine, heard);
    mine.peer.use(heard);
    state.textOnly.value = false;
    openOrClose();
  } catch (error) {
    notice.value = problem(error instanceof RoomError ? error.code : "microphone_busy").title;
  }
}

export async function changeSpeaker(id: string): Promise<void> {
  speakerId.value = id;
  if (line) await speakThrough(line, id);
}

export function unlock(token: string): void {
  setToken(token);
  void call();
}

/** The last call's audio as WAV, or null. */
export async function wav(): Promise<Blob | null> {
  return (await recording?.wav().catch(() => null)) ?? null;
}

function events(mine: Line): PeerEvents {
  return {
    ready(again) {
      notice.value = "";
      phase.value = "talking";
      if (again) {
        mine.repeatsUntil = Date.now() + REPEATS_MS;
      } else {
        state.startedAt.value = Date.now();
        recording = mine.levels?.recording ?? null;
        recording?.start();
      }
      tellWindows();
    },
    audio(stream) {
      mine.player.srcObject = stream;
      mine.player.play().catch(() => {
        notice.value = "The browser keeps the sound off. Click anywhere to hear the bot.";
        addEventListener("click", () => void mine.player.play(), { once: true });
      });
      mine.levels?.add("bot", stream);
    },
    message(message) {
      if (isNew(message, mine) && received(message)) lastWords(state.endReason.value, mine);
    },
    command: (command) => void obey(command),
    rtvi: heardOf,
    broken() {
      if (line !== mine) return;
      if (phase.value === "ending") return finish(state.endReason.value);
      phase.value = "reconnecting";
      activity.value = "listening";
      notice.value = "The network broke. Coming back into the conversation…";
    },
    gone(left) {
      if (line !== mine) return;
      if (phase.value === "ending" || left) finish(state.endReason.value || "bot hung up");
      else end(problem(inCall.value ? "lost" : "no_media"));
    },
  };
}

function isNew(message: PageMessage, mine: Line): boolean {
  const text = JSON.stringify(message);
  const repeated = mine.known.has(text) && Date.now() < mine.repeatsUntil;
  mine.known.add(text);
  return !repeated;
}

async function offerUntilReady(sdp: string, pcId: string, mine: Line): ReturnType<typeof sendOffer> {
  for (;;) {
    try {
      const answer = await sendOffer(sdp, pcId, mine.abort.signal);
      if (!pcId) phase.value = "connecting";
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

/** The bot is done: hang up once its last words have been heard, long before the server does. */
function lastWords(reason: string, mine: Line): void {
  phase.value = "ending";
  const since = Date.now();
  let quietSince = since;
  const timer = setInterval(() => {
    if (activity.value === "bot") quietSince = Date.now();
    const over = Date.now() - quietSince >= QUIET_MS || Date.now() - since >= LAST_WORDS_MS;
    if (line === mine && !over) return;
    clearInterval(timer);
    if (line === mine) finish(reason);
  }, 50);
}

function finish(reason: string): void {
  end(reason === "error" ? problem("broken") : null, reason);
}

/** Closes the line; the conversation stays readable. */
function end(why: Problem | null, reason = ""): void {
  const ended = line;
  line = null;
  if (!ended) return;
  connectTo(null);
  state.lasted.value = state.startedAt.value ? Date.now() - state.startedAt.value : 0;
  ended.abort.abort();
  ended.peer?.close();
  ended.levels?.close();
  ended.player.srcObject = null;
  stopTracks(ended);
  state.hearing.value = state.typed.value = notice.value = "";
  activity.value = "listening";
  state.endReason.value = reason;
  trouble.value = why;
  phase.value = state.lasted.value || state.turns.value.length ? "over" : "idle";
  if (why?.code === "server_gone" || why?.code === "lost") void followStatus();
}

function watchMicrophone(mine: Line, heard: MediaStream): void {
  mine.levels?.add("caller", heard);
  for (const track of heard.getTracks()) {
    track.onended = () => {
      if (line !== mine || mine.microphone !== heard || !mine.levels) return;
      mine.microphone = silence(mine.levels.context);
      mine.peer?.use(mine.microphone);
      state.textOnly.value = true;
      notice.value = "The microphone is gone. Choose another one in the settings, or type.";
    };
  }
}

async function speakThrough(mine: Line, id: string): Promise<void> {
  if ("setSinkId" in mine.player) await mine.player.setSinkId(id).catch(() => undefined);
}

function stopTracks(ended: Line): void {
  for (const track of ended.microphone?.getTracks() ?? []) track.stop();
}

/** The microphone is open unless it is muted, or has to be held open and is not. */
function openOrClose(): void {
  const open = !muted.value && (!state.pushToTalk.value || state.pushing.value);
  for (const track of line?.microphone?.getAudioTracks() ?? []) track.enabled = open;
}

effect(openOrClose);
effect(() => {
  localStorage.setItem("tandem-push-to-talk", state.pushToTalk.value ? "yes" : "no");
});
addEventListener("pagehide", () => end(null, "you left"));
