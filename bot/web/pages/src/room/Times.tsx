// Where a turn's time went: the whole in milliseconds, a bar of its stages, and each in figures.
import { type Part, type Stages, parts, totalMs } from "./turns";

const NAMES: Record<Part["stage"], readonly [short: string, meaning: string]> = {
  vad: ["VAD", "noticing that you fell silent"],
  stt: ["STT", "turning speech into words"],
  llm: ["LLM", "the model's first word"],
  clause: ["Clause", "the rest of its first clause"],
  tts: ["TTS", "the first sound of the voice"],
  turn: ["Turn", "deciding that you had finished, beyond the above"],
  sent: ["Sent", "on its way to you"],
  other: ["Other", "not measured: transport, waiting"],
};

/** One line below a turn: the whole, and a bar of its stages. Opened, each stage at its time. */
export function Times({ turn, stages }: { turn: number; stages: Stages }) {
  const shown = parts(stages);
  const total = totalMs(stages);
  return (
    <details class="times">
      <summary>
        <span class="unseen">Turn {turn}: </span>
        {total === undefined ? (
          <span class="faint">answer not measured</span>
        ) : (
          <span class="total">
            <span class="unseen">voice to voice </span>
            <strong data-stage="voice_to_voice">{total}</strong> ms
          </span>
        )}
        <svg class="strip" width="100%" height="8" aria-hidden="true" focusable="false">
          {placed(shown).map(({ stage, from, share }) => (
            <rect key={stage} class={`fill-${stage}`} x={`${from}%`} width={`${share}%`} height="8" />
          ))}
        </svg>
      </summary>
      <Waterfall stages={stages} marked />
    </details>
  );
}

/** Each stage on a line of its own, from when to when. `marked` for the one place tests read. */
export function Waterfall({ stages, marked = false }: { stages: Stages; marked?: boolean }) {
  return (
    <dl class="waterfall">
      {placed(parts(stages)).map(({ stage, ms, from, share }) => (
        <div key={stage} title={NAMES[stage][1]}>
          <dt>{NAMES[stage][0]}</dt>
          <dd class="lane">
            <svg width="100%" height="10" aria-hidden="true" focusable="false">
              <rect
                class={`fill-${stage}`}
                x={`${from}%`}
                width={`${Math.max(share, 0.6)}%`}
                height="10"
                rx="3"
              />
            </svg>
          </dd>
          <dd class="ms">
            <span {...(marked ? { "data-stage": stage } : {})}>{ms}</span> ms
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** The parts with their place on the whole, in percent. */
function placed(shown: Part[]): (Part & { from: number; share: number })[] {
  const sum = shown.reduce((total, part) => total + part.ms, 0) || 1;
  let from = 0;
  return shown.map((part) => {
    const share = (part.ms / sum) * 100;
    from += share;
    return { ...part, from: from - share, share };
  });
}
