// Background music: a few loops, computed here from plain sines. Nothing is downloaded.
import { effect, signal } from "@preact/signals";

import { type Done, done, failed, open } from "../desktop/windows";
import { activity, inCall } from "../state";
import { TRACKS, render } from "./loops";

export const playing = signal(false);
export const track = signal(0);
export const volume = signal(50);

const FADE_SECONDS = 0.4;
/** While somebody speaks, the music steps back to this part of its volume. */
const DUCKED = 0.3;
/** At full volume; the loops themselves peak at a fifth of full scale. */
const LOUDEST = 1.8;
const ALLOWED_MS = 300;

let context: AudioContext | null = null;
let gain: GainNode | null = null;
let source: AudioBufferSourceNode | null = null;
const loops = new Map<number, AudioBuffer>();

export async function control(action: "play" | "stop" | "next"): Promise<Done> {
  if (action === "stop") {
    const was = playing.value;
    stop();
    return done(was ? "" : "The music was off already.");
  }
  if (action === "next") track.value = (track.value + 1) % TRACKS.length;
  if (!(await start())) return failed("the browser keeps the sound off until the caller clicks");
  open("soundtrack");
  return done(`The background music plays: ${TRACKS[track.value]?.name ?? ""}.`);
}

export function setVolume(level: number, step = 0): Done {
  volume.value = Math.max(0, Math.min(100, level >= 0 ? level : volume.value + step));
  const off = playing.value ? "" : " No music is playing at the moment.";
  return done(`The music's volume is ${volume.value} percent.${off}`);
}

export async function choose(index: number): Promise<void> {
  track.value = index;
  await start();
}

export function stop(): void {
  playing.value = false;
  const ending = source;
  source = null;
  if (!ending || !context || !gain) return;
  gain.gain.setTargetAtTime(0, context.currentTime, FADE_SECONDS / 3);
  setTimeout(() => ending.stop(), FADE_SECONDS * 1000);
}

/** Plays the chosen track; false where the browser does not allow sound yet. */
async function start(): Promise<boolean> {
  context ??= new AudioContext();
  await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, ALLOWED_MS))]);
  if (context.state !== "running") return false;
  playing.value = true;
  const wanted = track.value;
  setTimeout(() => begin(wanted)); // computing a loop takes a moment; nobody has to wait for it
  return true;
}

function begin(wanted: number): void {
  if (!context || !playing.value || track.value !== wanted) return;
  const buffer = loop(wanted);
  source?.stop();
  if (!gain) {
    gain = new GainNode(context, { gain: 0 });
    gain.connect(context.destination);
  }
  source = new AudioBufferSourceNode(context, { buffer, loop: true });
  source.connect(gain);
  source.start();
  settle();
}

function loop(index: number): AudioBuffer {
  const known = loops.get(index);
  if (known) return known;
  const [left, right, hz] = render(TRACKS[index] ?? TRACKS[0]!);
  const buffer = new AudioBuffer({ length: left.length, numberOfChannels: 2, sampleRate: hz });
  buffer.copyToChannel(left, 0);
  buffer.copyToChannel(right, 1);
  loops.set(index, buffer);
  return buffer;
}

function settle(): void {
  const spoken = inCall.value && ["caller", "bot"].includes(activity.value);
  const wanted = playing.value ? (volume.value / 100) ** 2 * (spoken ? DUCKED : 1) : 0;
  if (gain && context) gain.gain.setTargetAtTime(wanted * LOUDEST, context.currentTime, FADE_SECONDS / 3);
}
effect(settle);
