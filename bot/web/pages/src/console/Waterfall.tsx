import type { LiveLine, TurnTime } from "../messages";
import { ms } from "./format";

/** In the order in which they follow each other; they add up to the whole wait. */
const ORDER = ["vad", "stt", "turn", "llm", "clause", "tts", "sent"] as const;
export const NAMES: Record<string, string> = {
  vad: "Silence",
  stt: "Speech to text",
  turn: "Turn over",
  llm: "Model",
  clause: "First clause",
  tts: "Voice",
  sent: "Sent",
};
const MEANINGS: Record<string, string> = {
  vad: "noticing the silence",
  stt: "speech to text",
  turn: "deciding that the caller is done",
  llm: "the model’s first token",
  clause: "the first piece for the voice",
  tts: "the voice’s first sound",
  sent: "on the way to the caller",
};
export const WHOLE = "voice_to_voice";

/** Seconds from which a wait counts as slow. */
const SLOW = 2;

/** The turns that live lines tell of: "vad 0.032 stt 0.150 …". */
export function fromTimes(lines: readonly LiveLine[]): TurnTime[] {
  return lines
    .filter((line) => line.what === "times")
    .map((line) => {
      const parts = line.text.split(" ");
      const stages: Record<string, number> = {};
      for (let at = 0; at + 1 < parts.length; at += 2) {
        stages[parts[at] ?? ""] = Number(parts[at + 1]);
      }
      return { number: line.turn, at: line.at, stages };
    });
}

/** Where each turn's time went. */
export function Waterfall({ turns }: { turns: readonly TurnTime[] }) {
  const timed = turns.filter((turn) => (turn.stages[WHOLE] ?? 0) > 0);
  if (!timed.length) return <p class="quiet">No turn was timed.</p>;
  const longest = Math.max(...timed.map((turn) => turn.stages[WHOLE] ?? 0), 1);
  return (
    <figure class="waterfall">
      <figcaption class="legend">
        {ORDER.filter((stage) => timed.some((turn) => turn.stages[stage])).map((stage) => (
          <span key={stage} title={MEANINGS[stage]}>
            <i data-stage={stage} aria-hidden="true" /> {NAMES[stage]}
          </span>
        ))}
      </figcaption>
      <ol>
        {timed.map((turn) => {
          const whole = turn.stages[WHOLE] ?? 0;
          const parts = ORDER.filter((stage) => turn.stages[stage]);
          const said = parts.map((s) => `${s} ${ms((turn.stages[s] ?? 0) * 1000)}`).join(", ");
          return (
            <li key={turn.number} title={said}>
              <span class="number">{turn.number}</span>
              <span class="bar" role="img" aria-label={said}>
                {parts.map((stage) => (
                  <i
                    key={stage}
                    data-stage={stage}
                    style={{ width: `${((turn.stages[stage] ?? 0) / longest) * 100}%` }}
                  />
                ))}
              </span>
              <span class="whole" data-bad={whole > SLOW}>
                {ms(whole * 1000)}
              </span>
            </li>
          );
        })}
      </ol>
    </figure>
  );
}
