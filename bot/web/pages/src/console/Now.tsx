import type { LiveCall } from "../messages";
import { Breakers } from "./Breakers";
import { LivePanel } from "./LivePanel";
import { count, length, ms, party, several } from "./format";
import { ListenIcon } from "./icons";
import { hearing } from "./listen";
import { calls, clockTick, connected, load } from "./live";
import { detail, link } from "./route";

export const STAGES: Record<LiveCall["stage"], string> = {
  ringing: "Ringing",
  listening: "Listening",
  caller: "Caller speaks",
  thinking: "Thinking",
  bot: "Bot speaks",
  ending: "Saying goodbye",
  elsewhere: "Talking",
};

/** Above which delay of the event loop callers begin to hear it, in milliseconds. */
const LAGS = 100;

export function Now() {
  const open = detail.value ? calls.value.get(detail.value) : undefined;
  return (
    <>
      <h1>Now</h1>
      <div class="now" data-open={Boolean(detail.value)}>
        <div class="list">
          <Strip />
          <List />
        </div>
        {detail.value && <LivePanel key={detail.value} id={detail.value} call={open} />}
      </div>
    </>
  );
}

function Strip() {
  const now = load.value;
  if (!now) return <p class="quiet">{connected.value ? "" : "Connecting to the server …"}</p>;
  return (
    <>
      <dl class="strip">
        <Figure name="Calls" value={count(now.calls)} more={`of ${count(now.limit)}`} />
        {now.mode && <Figure name="New calls get" value={now.mode} />}
        <Figure name="Event-loop lag" value={ms(now.lag_ms)} bad={now.lag_ms > LAGS} />
        <Figure name="Memory" value={`${count(now.memory_mb)} MB`} />
        <Figure name="Unwritten records" value={count(now.unwritten)} bad={now.unwritten > 1000} />
        {now.workers > 1 && (
          <Figure name="Workers" value={count(now.workers)} more={`this is ${now.worker}`} />
        )}
      </dl>
      {now.refusal && (
        <p class="banner bad" role="status">
          New calls are not taken: {now.refusal}.
        </p>
      )}
      <Breakers all={now.breakers} />
    </>
  );
}

export function Figure(props: { name: string; value: string; more?: string; bad?: boolean }) {
  return (
    <div class="figure" data-bad={props.bad}>
      <dt>{props.name}</dt>
      <dd>
        {props.value} {props.more && <small>{props.more}</small>}
      </dd>
    </div>
  );
}

function List() {
  const all = [...calls.value.values()].sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
  if (!all.length)
    return (
      <p class="empty">
        Nobody is on the line. Calls appear here the moment they come in.
      </p>
    );
  return (
    <ul class="calls" aria-label="Live calls">
      {all.map((call) => (
        <Row key={call.id} call={call} />
      ))}
    </ul>
  );
}

/** By itself, so that a second that passes draws nothing else anew. */
function RunningTime({ since }: { since: string }) {
  return <time>{length(clockTick.value - Date.parse(since) / 1000)}</time>;
}

function Row({ call }: { call: LiveCall }) {
  return (
    <li>
      <a
        class="call"
        href={link("now", call.id)}
        data-stage={call.stage}
        aria-current={detail.value === call.id ? "true" : undefined}
      >
        <i class="dot" aria-hidden="true" />
        <span class="who">
          <b>{party(call)}</b>
          <small>
            {STAGES[call.stage]}
            <span class="narrow"> · {call.mode}</span>
            {call.errors > 0 && <em class="bad"> · {several(call.errors, "error")}</em>}
          </small>
        </span>
        <span class="said">
          {call.words && <small>{call.speaker === "bot" ? "Bot: " : "Caller: "}</small>}
          {call.words}
        </span>
        <span class="facts">
          <span class="tag" title={`Why: ${call.mode_reason}`}>
            {call.mode}
          </span>
          {call.wait_ms > 0 && <span class="tag plainly">{ms(call.wait_ms)}</span>}
          {hearing.value === call.id && <ListenIcon />}
          <RunningTime since={call.started_at} />
        </span>
      </a>
    </li>
  );
}
