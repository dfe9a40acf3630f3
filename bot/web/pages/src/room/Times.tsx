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

export function TimesLegend() {
  return (
    <p class="legend">
      <span>Conversation</span>
      <span>From your last sound to the answer</span>
    </p>
  );
}

export function Times({ turn, stages }: { turn: number; stages: Stages }) {
  const shown = parts(stages);
  const total = totalMs(stages);
  return (
    <div class="times" role="group" aria-label={`Stage times of turn ${turn}, in milliseconds`}>
      <p class="total">
        {total === undefined ? (
          <span class="unknown">answer not measured</span>
        ) : (
          <>
            <span class="unseen">voice to voice </span>
            <strong data-stage="voice_to_voice">{total}</strong> ms
          </>
        )}
      </p>
      <svg class="bar" width="100%" height="10" aria-hidden="true" focusable="false">
        <Segments shown={shown} />
      </svg>
      <dl>
        {shown.map(({ stage, ms }) => (
          <div key={stage} class={`stage stage-${stage}`} title={NAMES[stage][1]}>
            <dt>{NAMES[stage][0]}</dt>
            <dd data-stage={stage}>{ms}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Segments({ shown }: { shown: Part[] }) {
  const sum = shown.reduce((total, part) => total + part.ms, 0) || 1;
  let from = 0;
  return shown.map(({ stage, ms }) => {
    const x = (from / sum) * 100;
    from += ms;
    return (
      <rect key={stage} class={`fill-${stage}`} x={`${x}%`} width={`${(ms / sum) * 100}%`} height="10" />
    );
  });
}
