import { type Signal, useSignal, useSignalEffect } from "@preact/signals";

import type { CallCount, FoundCall, FoundCalls } from "../messages";
import { CallView } from "./CallView";
import { address, ask } from "./api";
import { length, ms, party, several, when, words } from "./format";
import { DownloadIcon, SearchIcon } from "./icons";
import { detail, link } from "./route";

const OUTCOMES = ["ended", "failed", "transferred"];
const PAUSE_MS = 180;
/** Kept while a call is open, so that "back" finds the list as it was. */
const kept = { text: "", mode: "", outcome: "", slow: false, errors: false, days: "" };

type Filter = typeof kept;

export function Calls() {
  return detail.value ? <CallView key={detail.value} id={detail.value} /> : <History />;
}

function query(filter: Filter, cursor = ""): string {
  const found = new URLSearchParams();
  if (filter.text.trim()) found.set("q", filter.text.trim());
  if (filter.mode) found.set("mode", filter.mode);
  if (filter.outcome) found.set("outcome", filter.outcome);
  if (filter.slow) found.set("slow", "true");
  if (filter.errors) found.set("errors", "true");
  if (filter.days) {
    const since = Date.now() - Number(filter.days) * 86_400_000;
    found.set("after", new Date(since).toISOString());
  }
  if (cursor) found.set("cursor", cursor);
  const text = found.toString();
  return text && `?${text}`;
}

function History() {
  const filter = useSignal<Filter>({ ...kept });
  const page = useSignal<FoundCalls | null>(null);
  const more = useSignal<FoundCall[]>([]);
  const ends = useSignal(true);
  const trouble = useSignal("");
  const counted = useSignal<CallCount | null>(null);

  useSignalEffect(() => {
    const wanted = filter.value;
    Object.assign(kept, wanted);
    const stop = new AbortController();
    const timer = setTimeout(() => void read(wanted, stop.signal), page.peek() ? PAUSE_MS : 0);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  });

  async function read(wanted: Filter, stop: AbortSignal) {
    try {
      const found = await ask<FoundCalls>(`calls${query(wanted)}`, { signal: stop });
      page.value = found;
      more.value = [];
      ends.value = !found.more;
      trouble.value = "";
      counted.value = await ask<CallCount>(`count${query(wanted)}`, { signal: stop });
    } catch (error) {
      if (!stop.aborted) trouble.value = (error as Error).message;
    }
  }

  async function next() {
    const last = [...(page.value?.calls ?? []), ...more.value].at(-1);
    if (!last) return;
    const found = await ask<FoundCalls>(`calls${query(filter.value, last.id)}`);
    more.value = [...more.value, ...found.calls];
    ends.value = !found.more;
  }

  const all = [...(page.value?.calls ?? []), ...more.value];
  const total = counted.value ? `${several(counted.value.total, "call")}, the newest` : "Calls";
  return (
    <>
      <h1>Calls</h1>
      <Filters filter={filter} modes={counted.value?.modes ?? []} />
      <p class="quiet" role="status">
        {trouble.value ||
          (page.value && `${total} found in ${Math.ceil(page.value.took_ms)} ms`)}
      </p>
      {page.value && !all.length && <p class="empty">No call fits.</p>}
      <ul class="calls history" aria-label="Calls">
        {all.map((call) => (
          <Row key={call.id} call={call} />
        ))}
      </ul>
      {!ends.value && (
        <button class="tool" onClick={() => void next()}>
          More
        </button>
      )}
    </>
  );
}

function Filters({ filter, modes }: { filter: Signal<Filter>; modes: string[] }) {
  const set = (change: Partial<Filter>) => (filter.value = { ...filter.value, ...change });
  const now = filter.value;
  return (
    <search class="filters">
      <div class="search">
        <SearchIcon />
        <input
          type="search"
          aria-label="Number, or words that were said"
          placeholder="Number, or words that were said"
          value={now.text}
          onInput={(event) => set({ text: event.currentTarget.value })}
        />
      </div>
      <Choice
        name="Mode"
        value={now.mode}
        all={modes.map((each) => [each, each])}
        set={(mode) => set({ mode })}
      />
      <Choice
        name="Outcome"
        value={now.outcome}
        all={OUTCOMES.map((each) => [each, words(each)])}
        set={(outcome) => set({ outcome })}
      />
      <Choice
        name="Time"
        value={now.days}
        all={[
          ["1", "Last day"],
          ["7", "Last week"],
          ["30", "Last 30 days"],
        ]}
        set={(days) => set({ days })}
      />
      <button class="tool" aria-pressed={now.slow} onClick={() => set({ slow: !now.slow })}>
        Slow turns
      </button>
      <button class="tool" aria-pressed={now.errors} onClick={() => set({ errors: !now.errors })}>
        Errors
      </button>
      <span class="exports">
        {["csv", "json"].map((kind) => (
          <a key={kind} class="tool" href={address(`calls.${kind}${query(now)}`)} download>
            <DownloadIcon /> {kind.toUpperCase()}
          </a>
        ))}
      </span>
    </search>
  );
}

function Choice(props: {
  name: string;
  value: string;
  all: readonly (readonly [string, string])[];
  set: (value: string) => void;
}) {
  return (
    <select
      aria-label={props.name}
      value={props.value}
      onChange={(event) => props.set(event.currentTarget.value)}
    >
      <option value="">{props.name}: any</option>
      {props.all.map(([value, name]) => (
        <option key={value} value={value}>
          {name}
        </option>
      ))}
    </select>
  );
}

function Row({ call }: { call: FoundCall }) {
  return (
    <li>
      <a class="call" href={link("calls", call.id)} data-stage={call.state}>
        <i class="dot" aria-hidden="true" />
        <span class="who">
          <b>{party(call)}</b>
          <small>{call.error || call.end_reason || words(call.state)}</small>
        </span>
        <span class="said">{call.excerpt}</span>
        <span class="facts">
          {call.recorded && <span class="tag plainly">recorded</span>}
          {call.errors > 0 && <span class="tag bad">{several(call.errors, "error")}</span>}
          {call.slow_turns > 0 && (
            <span class="tag warn" title={several(call.slow_turns, "slow turn")}>
              up to {ms(call.slowest * 1000)}
            </span>
          )}
          <span class="tag">{call.mode}</span>
          <span class="numbers">
            <time>{when(call.started_at)}</time>
            <small>{length(call.seconds)}</small>
          </span>
        </span>
      </a>
    </li>
  );
}
