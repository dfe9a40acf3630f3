import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { HangUpIcon } from "../ui/icons";
import type { Done, LiveCall, LiveLine, SetUpPage } from "../messages";
import { CallHead } from "./CallHead";
import { Facts } from "./Facts";
import { Lines } from "./Lines";
import { STAGES } from "./Now";
import { Waterfall, fromTimes } from "./Waterfall";
import { ask, at, order } from "./api";
import { dollars, full, length, party } from "./format";
import { ForwardIcon, ListenIcon, WhisperIcon } from "./icons";
import { hearing, listen, stopListening } from "./listen";
import { clockTick, followLines, load } from "./live";
import { link } from "./route";

/** One live call: its captions as they come, its turns, and what can be done to it. */
export function LivePanel({ id, call }: { id: string; call: LiveCall | undefined }) {
  const lines = useSignal<LiveLine[]>([]);
  const last = useRef(call);
  if (call) last.current = call;
  const shown = last.current;
  useEffect(() => {
    if (!shown?.near) return undefined;
    return followLines(shown, (next) => (lines.value = next));
  }, [id, shown?.near]);
  if (!shown) return <Gone id={id} />;
  const turns = fromTimes(lines.value);
  return (
    <section class="panel" aria-label={`Call with ${party(shown)}`}>
      <CallHead back={link("now")} name={party(shown)}>
        {call ? STAGES[shown.stage] : "Over"}
        {call && (
          <>
            {" · "}
            <time>{length(runs(shown))}</time>
          </>
        )}
      </CallHead>
      {call?.near ? (
        <Orders call={call} />
      ) : call ? (
        <p class="quiet">Another server has this call; it is shown, and cannot be reached.</p>
      ) : (
        <p class="quiet">
          This call is over. <a href={link("calls", id)}>Open it in the history</a>
        </p>
      )}
      <Captions lines={lines.value} since={shown.started_at} />
      <details class="more" open={turns.length > 0}>
        <summary>Turns</summary>
        {turns.length ? <Waterfall turns={turns} /> : <p class="quiet">No answer yet.</p>}
      </details>
      <Facts all={facts(shown)} />
    </section>
  );
}

function Gone({ id }: { id: string }) {
  return (
    <section class="panel" aria-label="Call">
      <p class="empty">
        This call is not live. <a href={link("calls", id)}>Open it in the history</a> or{" "}
        <a href={link("now")}>see who is on the line</a>.
      </p>
    </section>
  );
}

function Captions({ lines, since }: { lines: LiveLine[]; since: string }) {
  const box = useRef<HTMLDivElement>(null);
  const stick = useRef(true);
  useEffect(() => {
    if (box.current && stick.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  return (
    <div
      class="captions"
      ref={box}
      tabIndex={0}
      role="log"
      aria-label="Captions"
      onScroll={(event) => {
        const it = event.currentTarget;
        stick.current = it.scrollHeight - it.scrollTop - it.clientHeight < 40;
      }}
    >
      <Lines lines={lines} since={since} />
    </div>
  );
}

function Orders({ call }: { call: LiveCall }) {
  const said = useSignal("");
  const bad = useSignal(false);
  const text = useSignal("");
  const asks = useSignal<"" | "whisper" | "transfer" | "hang-up">("");
  const contacts = useSignal<string[]>([]);

  async function give(what: string, body: object = {}) {
    try {
      const done = await order<Done>(`live/${call.id}/${what}${at(call.worker)}`, body);
      said.value = done.message;
      bad.value = false;
      asks.value = text.value = "";
    } catch (error) {
      said.value = (error as Error).message;
      bad.value = true;
    }
  }

  function open(what: typeof asks.value) {
    asks.value = asks.value === what ? "" : what;
    text.value = said.value = "";
    if (what === "transfer")
      void ask<SetUpPage>("setup").then((found) => (contacts.value = found.contacts));
  }

  const heard = hearing.value === call.id;
  return (
    <div class="orders">
      <div class="buttons">
        <button
          class="tool"
          aria-pressed={heard}
          onClick={() => (heard ? stopListening() : listen(call))}
        >
          <ListenIcon /> {heard ? "Stop listening" : "Listen in"}
        </button>
        <button
          class="tool"
          aria-expanded={asks.value === "whisper"}
          onClick={() => open("whisper")}
        >
          <WhisperIcon /> Whisper
        </button>
        {call.channel === "phone" && (
          <button
            class="tool"
            aria-expanded={asks.value === "transfer"}
            onClick={() => open("transfer")}
          >
            <ForwardIcon /> Transfer
          </button>
        )}
        <button
          class="tool bad"
          aria-expanded={asks.value === "hang-up"}
          onClick={() => open("hang-up")}
        >
          <HangUpIcon /> Hang up
        </button>
      </div>
      {asks.value === "hang-up" && (
        <div class="ask">
          <p>End this call? The caller is told goodbye.</p>
          <button class="button danger" onClick={() => void give("hang-up")}>
            Yes, hang up
          </button>
        </div>
      )}
      {(asks.value === "whisper" || asks.value === "transfer") && (
        <form
          class="ask"
          onSubmit={(event) => {
            event.preventDefault();
            const what = asks.value;
            void give(what, what === "whisper" ? { text: text.value } : { to: text.value });
          }}
        >
          <label for="order">
            {asks.value === "whisper"
              ? "What the bot should do; the caller does not hear it"
              : "Contact, or number like +15551234567"}
          </label>
          <div class="row">
            <input
              id="order"
              required
              maxLength={asks.value === "whisper" ? 1000 : 100}
              list={asks.value === "transfer" ? "contacts" : undefined}
              value={text.value}
              onInput={(event) => (text.value = event.currentTarget.value)}
            />
            <button class="button">{asks.value === "whisper" ? "Tell the bot" : "Connect"}</button>
          </div>
          <datalist id="contacts">
            {contacts.value.map((each) => (
              <option key={each} value={each} />
            ))}
          </datalist>
        </form>
      )}
      <p class="quiet" data-bad={bad.value} role="status">
        {said.value}
      </p>
    </div>
  );
}

/** For how many seconds the call has run. */
const runs = (call: LiveCall): number => clockTick.value - Date.parse(call.started_at) / 1000;

function facts(call: LiveCall): [string, string][] {
  const price = load.value?.prices[call.mode];
  const cost = price === undefined ? "not known" : `about ${dollars((Math.max(0, runs(call)) / 60) * price)}, estimated`;
  return [
    ["Mode", `${call.mode} (${call.mode_reason})`],
    ["Number called", call.direction === "inbound" ? call.callee : call.caller],
    ["Began", full(call.started_at)],
    ...Object.entries(call.providers).map(([stage, name]): [string, string] => [stage, name ?? ""]),
    ["Recorded", call.recorded ? "yes, the caller was told" : "no"],
    ["Cost so far", cost],
  ];
}
