// The captions of both sides, turn by turn, and where each turn's time went.
import { useEffect, useRef } from "preact/hooks";

import { Trouble } from "./Lobby";
import { Times, TimesLegend } from "./Times";
import { activity, hearing, inCall, notice, phase, server, turns } from "./session";
import type { Turn } from "./turns";

/** Closer to the end than this (px), the reader follows the conversation. */
const NEAR = 160;

export function Conversation() {
  const end = useRef<HTMLDivElement>(null);
  const shown = turns.value;
  const pending = hearing.value;
  const following = useRef(true);
  useEffect(() => {
    const look = (): void => {
      const page = document.documentElement;
      following.current = page.scrollHeight - page.scrollTop - page.clientHeight < NEAR;
    };
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, []);
  useEffect(() => {
    if (following.current) end.current?.scrollIntoView({ block: "end" });
  }, [shown, pending, phase.value]);
  const waiting = inCall.value && activity.value === "thinking";
  return (
    <section class="conversation" aria-label="Conversation">
      <TimesLegend />
      <div role="log" aria-label="Captions" aria-live="polite" aria-relevant="additions">
        <ol class="turns">
          {shown.map((turn) => (
            <TurnRow key={turn.number} turn={turn} />
          ))}
        </ol>
      </div>
      {shown.length === 0 && !pending ? <Opening /> : null}
      {pending ? (
        <div class="turn">
          <p class="line caller pending">{pending}</p>
        </div>
      ) : null}
      {waiting ? (
        <p class="dots" aria-hidden="true">
          <i />
          <i />
          <i />
        </p>
      ) : null}
      {notice.value ? (
        <p class="notice" role="status">
          {notice.value}
        </p>
      ) : null}
      <Trouble />
      <div ref={end} class="end" />
    </section>
  );
}

function Opening() {
  return (
    <p class="opening">
      {inCall.value ? `Connected. ${server.value.bot} is about to greet you.` : "Nothing was said."}
    </p>
  );
}

function TurnRow({ turn }: { turn: Turn }) {
  return (
    <li class="turn" data-turn={turn.number}>
      <div class="words">
        {turn.caller?.text ? (
          <p class={turn.caller.final ? "line caller" : "line caller pending"}>
            <span class="unseen">You: </span>
            <span data-caption="caller">{turn.caller.text}</span>
          </p>
        ) : null}
        <BotLine turn={turn} />
      </div>
      {turn.stages ? <Times turn={turn.number} stages={turn.stages} /> : null}
    </li>
  );
}

function BotLine({ turn }: { turn: Turn }) {
  const { bot, cut } = turn;
  if (!bot?.text && !cut) return null;
  return (
    <p class={bot?.final || cut || !inCall.value ? "line bot" : "line bot pending"}>
      <span class="unseen">{server.value.bot}: </span>
      <span data-caption="bot">{cut ? cut.heard : bot?.text}</span>
      {cut?.unheard ? (
        <span class="cut">
          {" "}
          <s data-caption="unheard">{cut.unheard}</s> <small>not heard</small>
        </span>
      ) : null}
    </p>
  );
}
