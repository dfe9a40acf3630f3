// Behind the scenes: who is on the line, where the time went, what the tools did, what went wrong.
import { exportAudio, exportJson } from "../exporting";
import { DownloadIcon } from "../icons";
import { plainWords } from "../problems";
import { inCall, server, session, toolCalls, troubles, turns } from "../state";
import { Waterfall } from "../Times";
import { totalMs } from "../turns";

const STAGES: Record<string, string> = { stt: "Hears", llm: "Thinks", tts: "Speaks", realtime: "Everything" };

export function Details() {
  return (
    <div class="details scroll" tabindex={0} role="region" aria-label="Behind the scenes">
      <Who />
      <Turns />
      <Tools />
      <Troubles />
      <section>
        <h3>Take it with you</h3>
        <p class="row">
          <button type="button" class="tool" disabled={!turns.value.length} onClick={exportJson}>
            <DownloadIcon /> Conversation (JSON)
          </button>
          <button type="button" class="tool" disabled={!turns.value.length} onClick={() => void exportAudio()}>
            <DownloadIcon /> Audio (WAV)
          </button>
        </p>
      </section>
    </div>
  );
}

function Who() {
  const call = session.value;
  if (!call) {
    return (
      <section>
        <h3>The call</h3>
        <p class="faint">Call {server.value.bot}, and everything that happens is told here.</p>
      </section>
    );
  }
  return (
    <section>
      <h3>The call</h3>
      <dl class="facts">
        <dt>Mode</dt>
        <dd>
          {call.mode} <span class="faint">({call.reason})</span>
        </dd>
        {Object.entries(call.models).map(([stage, label]) => (
          <>
            <dt>{STAGES[stage] ?? stage}</dt>
            <dd>{label}</dd>
          </>
        ))}
        <dt>Tools</dt>
        <dd>{call.tools.length ? call.tools.join(", ") : "none"}</dd>
        <dt>Call</dt>
        <dd>
          <code>{call.call}</code>
        </dd>
      </dl>
    </section>
  );
}

function Turns() {
  const timed = turns.value.filter((turn) => turn.stages);
  return (
    <section>
      <h3>Where the time went</h3>
      {timed.length ? null : <p class="faint">From your last sound to the bot's first, stage by stage.</p>}
      {timed.map((turn) => (
        <div class="turn-times" key={turn.number}>
          <p>
            <span class="clip">{turn.caller?.text ?? "The greeting"}</span>{" "}
            <strong>{turn.stages && totalMs(turn.stages) !== undefined ? `${totalMs(turn.stages)} ms` : ""}</strong>
          </p>
          {turn.stages ? <Waterfall stages={turn.stages} /> : null}
        </div>
      ))}
    </section>
  );
}

function Tools() {
  const calls = toolCalls.value;
  return (
    <section>
      <h3>Tools</h3>
      {calls.length ? null : <p class="faint">No tool was called.</p>}
      <ul class="tool-calls">
        {calls.map((call) => (
          <li key={call.id}>
            <p>
              <code>{call.name}</code>{" "}
              <span class="faint">
                {call.ms !== undefined ? `${call.ms} ms` : inCall.value ? "running…" : "not finished"}
                {call.cancelled ? ", cancelled" : ""}
              </span>
            </p>
            {call.arguments === "{}" ? null : <pre>{call.arguments}</pre>}
            {call.result ? <p class="result">{call.result}</p> : null}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Troubles() {
  if (!troubles.value.length) return null;
  return (
    <section>
      <h3>What went wrong</h3>
      <ul class="tool-calls">
        {troubles.value.map((one) => (
          <li key={one.at}>
            <p>{plainWords(one.kind)}</p>
            <p class="faint">
              {one.kind}: {one.detail}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
