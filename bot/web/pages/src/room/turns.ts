// The conversation so far, turn by turn, as the server's messages tell it.
import type { Caption, Cut, TurnTimes } from "../messages";

export type Stages = TurnTimes["stages"];
export type Stage = Exclude<keyof Stages, "voice_to_voice">;

export interface Turn {
  number: number;
  caller?: Caption;
  bot?: Caption;
  cut?: Cut;
  stages?: Stages;
}

/** The turns with `message` worked in, in order. */
export function withMessage(turns: readonly Turn[], message: Caption | Cut | TurnTimes): Turn[] {
  const old = turns.find((turn) => turn.number === message.turn) ?? { number: message.turn };
  const rest = turns.filter((turn) => turn.number !== message.turn);
  return [...rest, changed(old, message)].sort((a, b) => a.number - b.number);
}

function changed(turn: Turn, message: Caption | Cut | TurnTimes): Turn {
  if (message.type === "cut") return { ...turn, cut: message };
  if (message.type === "turn") return { ...turn, stages: message.stages };
  return { ...turn, [message.speaker]: message };
}

export interface Part {
  stage: Stage | "other";
  ms: number;
}

const ORDER: readonly Stage[] = ["vad", "stt", "llm", "clause", "tts", "turn", "sent"];
/** Less than this is rounding, not a stage that nobody measured. */
const OTHER_MS = 5;

/** The stages in the order in which they happen, and what of the whole they leave unexplained. */
export function parts(stages: Stages): Part[] {
  const known: Part[] = ORDER.flatMap((stage) => {
    const seconds = stages[stage];
    return seconds === undefined ? [] : [{ stage, ms: Math.round(seconds * 1000) }];
  });
  const sum = known.reduce((total, part) => total + part.ms, 0);
  const other = Math.round((stages.voice_to_voice ?? 0) * 1000) - sum;
  return other > OTHER_MS ? [...known, { stage: "other", ms: other }] : known;
}

export function totalMs(stages: Stages): number | undefined {
  return stages.voice_to_voice === undefined ? undefined : Math.round(stages.voice_to_voice * 1000);
}
