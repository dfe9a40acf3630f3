// The captions of both sides, turn by turn, where each turn's time went, and a line to type on.
import { useEffect, useRef } from "preact/hooks";

import { Trouble } from "./Lobby";
import { Tasks } from "./Tasks";
import { Times } from "./Times";
import { SendIcon } from "./icons";
import { say } from "./outgoing";
import { activity, beside, hearing, inCall, notice, phase, server, textOnly, turns, typed } from "./state";
import type { Turn } from "./turns";

/** Closer to the end than this (px), the reader follows the conversation. */
const NEAR = 160;

export function Conversation() {
  const end = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const shown = turns.value;
  const pending = hearing.value || typed.value;
  const following = useRef(true);
  const look = (): void => {
    const box = list.current;
    if (box) following.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
  };
  const follow = (): void => {
    if (following.current) end.current?.scrollIntoView({ block: "end" });
  };
  useEffect(follow, [shown, pending, phase.value, notice.value]);
  useEffect(() => {
    const resized = new ResizeObserver(follow); // a window takes its part of a small screen
    if (list.current) resized.observe(list.current);
    return () => resized.disconnect();
  }, []);
  const waiting = inCall.value && activity.value === "thinking";
  return (
    <section class="conversation" aria-label="Conversation">
      <Tasks />
      <div class="captions scroll" ref={list} onScroll={look} tabindex={0} role="region" aria-label="What was said">
        <div role="log" aria-label="Captions" aria-live="polite" aria-relevant="additions">
          <ol class="turns">
            {shown.map((turn) => (
              <TurnRow key={turn.number} turn={turn} last={turn === shown.at(-1)} />
            ))}
          </ol>
        </div>
        {shown.length === 0 && !pending ? <Opening /> : null}
        {pending ? <p class="line caller pending">{pending}</p> : null}
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
      </div>
      {inCall.value ? <TypingLine /> : null}
    </section>
  );
}

function TypingLine() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (textOnly.value) field.current?.focus();
  }, []);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!field.current) return;
    say(field.current.value);
    field.current.value = "";
  };
  return (
    <form class="typing" onSubmit={submit}>
      <input
        ref={field}
        maxlength={1000}
        autocomplete="off"
        aria-label={`Type to ${server.value.bot}`}
        placeholder={textOnly.value ? "Type what you want to say" : "Or type instead"}
      />
      <button type="submit" class="tool icon-only" aria-label="Send">
        <SendIcon />
      </button>
    </form>
  );
}

function Opening() {
  if (beside.value && inCall.value) {
    return <p class="opening">Connected to your call. What both of you say is written here.</p>;
  }
  return (
    <p class="opening">
      {inCall.value ? `Connected. ${server.value.bot} is about to greet you.` : "Nothing was said."}
    </p>
  );
}

function TurnRow({ turn, last }: { turn: Turn; last: boolean }) {
  return (
    <li class="turn" data-turn={turn.number}>
      {turn.caller?.text ? (
        <p class={turn.caller.final ? "line caller" : "line caller pending"}>
          <span class="unseen">You: </span>
          <span data-caption="caller">{withKeys(turn.caller.text)}</span>
        </p>
      ) : null}
      <BotLine turn={turn} growing={last && inCall.value} />
      {turn.stages ? <Times turn={turn.number} stages={turn.stages} /> : null}
    </li>
  );
}

/** Keys that a caller has pressed come as "DTMF: 12#". */
function withKeys(text: string): string {
  return text.replace(/^DTMF: ([\d*#]+)$/, (_, keys: string) => `Keys ${[...keys].join(" ")}`);
}

function BotLine({ turn, growing }: { turn: Turn; growing: boolean }) {
  const { bot, cut } = turn;
  if (!bot?.text && !cut) return null;
  return (
    <p class={growing && !bot?.final && !cut ? "line bot pending" : "line bot"}>
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
