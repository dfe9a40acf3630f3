import { useSignal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";

import type { CallPage, Done, LiveLine } from "../messages";
import { CallHead } from "./CallHead";
import { Facts } from "./Facts";
import { Lines } from "./Lines";
import { Waterfall } from "./Waterfall";
import { address, order } from "./api";
import { useRead } from "./data";
import { dollars, full, length, party, span, words } from "./format";
import { DeleteIcon, DownloadIcon } from "./icons";
import { go, link } from "./route";

const TOLD: Record<string, string> = {
  spoken: "told on the phone",
  texted: "sent as a text message",
  kept: "kept for the next call",
  silent: "told nobody",
};

/** What lines are timed from: the recording, so that they can be found in it; else the call. */
const since = (page: CallPage): string =>
  page.recorded_at || page.answered_at || page.call.started_at;
/** How far into the call a moment was: "0:07". */
const into = (page: CallPage, at: string): string => span(since(page), at);

/** When each line begins in the recording, in seconds. */
function begins(page: CallPage): Map<string, number> {
  const zero = Date.parse(page.recorded_at);
  const spoken = page.lines.filter((line) => line.speaker);
  return new Map(
    spoken.map((line) => [line.key, Math.max(0, (Date.parse(line.at) - zero) / 1000)]),
  );
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
      <CallHead
        back={link("calls")}
        name={party(call)}
        whole
        tools={
          <a class="tool" href={address(`calls/${id}/export`)} download>
            <DownloadIcon /> JSON
          </a>
        }
      >
        {full(call.started_at)} · {length(call.seconds)} · {call.end_reason || words(call.state)}
      </CallHead>
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
        <div>
          <section class="card grows" aria-label="What was said">
            <h2>What was said</h2>
            <Lines
              lines={page.lines}
              since={since(page)}
              sounding={sounding.value}
              {...(call.recorded ? { seek } : {})}
            />
          </section>
          <section class="card" aria-label="Facts">
            <h2>Facts</h2>
            <Facts all={facts(page)} />
          </section>
        </div>
        <div>
          <section class="card" aria-label="Turns">
            <h2>Where the time went</h2>
            <Waterfall turns={page.turns} />
          </section>
          <Tools page={page} />
          <Tasks page={page} />
          <Cost page={page} />
          {call.caller && <Erase number={party(call)} />}
        </div>
      </div>
    </article>
  );
}

function facts(page: CallPage): [string, string][] {
  const { call } = page;
  return [
    ["Mode", `${call.mode} (${call.mode_reason})`],
    ["Channel", `${call.channel}, ${call.direction}`],
    ["From", call.caller],
    ["To", call.callee],
    ["Answered", full(page.answered_at)],
    ["Ended", full(page.ended_at)],
    ["CallSid", page.provider_call_id],
    ...Object.entries(page.providers).map(([stage, name]): [string, string] => [stage, name ?? ""]),
    ["Errors", String(call.errors)],
  ];
}

function Tools({ page }: { page: CallPage }) {
  return (
    <section class="card" aria-label="Tools">
      <h2>Tools</h2>
      {page.tools.length ? (
        <ul class="plain-list tools">
          {page.tools.map((each) => (
            <li key={each.at + each.text}>
              {each.arguments || each.answer ? (
                <details>
                  <summary>
                    <time>{into(page, each.at)}</time> {each.text}
                  </summary>
                  <p class="quiet">Asked with</p>
                  <pre>{each.arguments}</pre>
                  <p class="quiet">Answered</p>
                  <pre>{each.answer || "nothing"}</pre>
                </details>
              ) : (
                <>
                  <time>{into(page, each.at)}</time> {each.text}
                </>
              )}
            </li>
          ))}
        </ul>
      ) : (
        <p class="quiet">None was called.</p>
      )}
    </section>
  );
}

function Tasks({ page }: { page: CallPage }) {
  return (
    <section class="card" aria-label="Tasks">
      <h2>Delegated tasks</h2>
      {page.tasks.length ? (
        <ul class="plain-list tasks">
          {page.tasks.map((task) => (
            <li key={task.at + task.text}>
              <p>
                <time>{into(page, task.at)}</time> {task.text}{" "}
                <span class="tag plainly">{task.status}</span>
              </p>
              {task.result && <p class="found">{task.result}</p>}
              {task.told && <p class="quiet">The result was {TOLD[task.told] ?? task.told}.</p>}
            </li>
          ))}
        </ul>
      ) : (
        <p class="quiet">None was given.</p>
      )}
    </section>
  );
}

function Cost({ page }: { page: CallPage }) {
  return (
    <section class="card" aria-label="Cost">
      <h2>Cost</h2>
      {page.costs.length > 0 && (
        <dl class="facts-list">
          {page.costs.map((line) => (
            <div key={line.what}>
              <dt>{line.what}</dt>
              <dd>
                {dollars(line.dollars)} <small>{line.detail}</small>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {page.missing.map((each) => (
        <p class="quiet" key={each}>
          {each}
        </p>
      ))}
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
