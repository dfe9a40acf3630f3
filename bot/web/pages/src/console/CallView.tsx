import { useSignal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";

import type { CallPage, Done, LiveLine } from "../messages";
import { Lines } from "./Lines";
import { Waterfall } from "./Waterfall";
import { address, order } from "./api";
import { useRead } from "./data";
import { full, length, party, words } from "./format";
import { BackIcon, DeleteIcon, DownloadIcon } from "./icons";
import { go, link } from "./route";

/** English read aloud: with it the beginning of a line is guessed from its end. */
const CHARACTERS_PER_SECOND = 15;

/** When each line begins in the recording, in seconds. The store has when it was over. */
function begins(page: CallPage): Map<string, number> {
  const zero = Date.parse(page.recorded_at);
  const found = new Map<string, number>();
  let before = 0;
  for (const line of page.lines) {
    if (!line.speaker) continue;
    const end = (Date.parse(line.at) - zero) / 1000;
    const spoken = (line.text.length + line.unheard.length) / CHARACTERS_PER_SECOND;
    found.set(line.key, Math.max(before, end - spoken - 0.5, 0));
    before = Math.max(before, end);
  }
  return found;
}

/** A call that is over: what was said, with its sound, and where the time went. */
export function CallView({ id }: { id: string }) {
  const { data, trouble } = useRead<CallPage>(() => `calls/${id}`);
  const sounding = useSignal("");
  const audio = useRef<HTMLAudioElement>(null);
  const page = data.value;
  const starts = useMemo(() => (page?.recorded_at ? begins(page) : new Map()), [page]);

  function follow(seconds: number) {
    let now = "";
    for (const [key, begin] of starts) if (begin <= seconds + 0.05) now = key;
    sounding.value = now;
  }

  function seek(line: LiveLine) {
    if (!audio.current) return;
    audio.current.currentTime = starts.get(line.key) ?? 0;
    void audio.current.play();
  }

  if (!page) return <p class="empty">{trouble.value || "Reading …"}</p>;
  const { call } = page;
  return (
    <article class="call-page" aria-label={`Call with ${party(call)}`}>
      <header>
        <a class="plain" href={link("calls")} aria-label="Back to all calls">
          <BackIcon />
        </a>
        <div>
          <h1>{party(call)}</h1>
          <p>
            {full(call.started_at)} · {length(call.seconds)} ·{" "}
            {call.end_reason || words(call.state)}
          </p>
        </div>
        <a class="tool" href={address(`calls/${id}/export`)} download>
          <DownloadIcon /> JSON
        </a>
      </header>
      {call.error && <p class="banner bad">{call.error}</p>}
      {call.recorded ? (
        <audio
          ref={audio}
          controls
          preload="metadata"
          src={address(`calls/${id}/recording`)}
          aria-label="Recording: the caller left, the bot right"
          onTimeUpdate={(event) => follow(event.currentTarget.currentTime)}
        />
      ) : null}
      <div class="columns">
        <section class="card" aria-label="What was said">
          <h2>What was said</h2>
          <Lines
            lines={page.lines}
            sounding={sounding.value}
            {...(call.recorded ? { seek } : {})}
          />
        </section>
        <div>
          <section class="card" aria-label="Turns">
            <h2>Where the time went</h2>
            <Waterfall turns={page.turns} />
          </section>
          <Facts page={page} />
          {page.missing.map((each) => (
            <p class="quiet" key={each}>
              {each}
            </p>
          ))}
          {call.caller && <Erase number={party(call)} />}
        </div>
      </div>
    </article>
  );
}

function Facts({ page }: { page: CallPage }) {
  const { call } = page;
  const facts: [string, string | undefined][] = [
    ["Mode", `${call.mode} (${call.mode_reason})`],
    ["Channel", `${call.channel}, ${call.direction}`],
    ["From", call.caller],
    ["To", call.callee],
    ["Answered", full(page.answered_at)],
    ["Ended", full(page.ended_at)],
    ["CallSid", page.provider_call_id],
    ...Object.entries(page.providers),
    ["Tools called", String(call.tools)],
    ["Errors", String(call.errors)],
  ];
  return (
    <section class="card" aria-label="Facts">
      <h2>Facts</h2>
      <dl class="facts-list">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

function Erase({ number }: { number: string }) {
  const sure = useSignal(false);
  const said = useSignal("");

  async function erase() {
    try {
      said.value = (await order<Done>("erase", { caller: number })).message;
      setTimeout(() => go("calls"), 2500);
    } catch (error) {
      said.value = (error as Error).message;
    }
    sure.value = false;
  }

  return (
    <div class="erase">
      {sure.value ? (
        <div class="ask">
          <p>
            Delete every call of {number}, with all that was said, recordings, notes, messages and
            meetings? This cannot be undone.
          </p>
          <div class="row">
            <button class="button danger" onClick={() => void erase()}>
              Yes, delete all of it
            </button>
            <button class="tool" onClick={() => (sure.value = false)}>
              Keep it
            </button>
          </div>
        </div>
      ) : (
        <button class="tool bad" onClick={() => (sure.value = true)}>
          <DeleteIcon /> Delete this caller’s data
        </button>
      )}
      <p class="quiet" role="status">
        {said.value}
      </p>
    </div>
  );
}
