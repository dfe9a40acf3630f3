// During a call: who is loud, mute, hang up. After it: how it ended, and call again.
import { useEffect, useRef, useState } from "preact/hooks";

import { HangUpIcon, MicIcon, MutedIcon, PhoneIcon } from "../ui/icons";
import { KeyboardIcon } from "./icons";
import { call, hangUp, toggleMute } from "./session";
import {
  endReason,
  inCall,
  lasted,
  meter,
  muted,
  pushToTalk,
  pushing,
  server,
  startedAt,
  textOnly,
  trouble,
} from "./state";

export function Dock() {
  return <footer class="dock">{inCall.value ? <Talking /> : <Over />}</footer>;
}

function Talking() {
  const caller = useRef<HTMLSpanElement>(null);
  const bot = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    meter.show = (levels) => {
      caller.current?.style.setProperty("--level", levels.caller.toFixed(3));
      bot.current?.style.setProperty("--level", levels.bot.toFixed(3));
    };
    return () => {
      meter.show = () => undefined;
    };
  }, []);
  return (
    <>
      <Voice name="You" side="caller" at={caller} />
      <div class="controls">
        {textOnly.value ? (
          <span class="round still">
            <KeyboardIcon />
            <span>Typing</span>
          </span>
        ) : pushToTalk.value ? (
          <HoldToTalk />
        ) : (
          <button type="button" class="round" aria-pressed={muted.value} onClick={toggleMute}>
            {muted.value ? <MutedIcon /> : <MicIcon />}
            <span>{muted.value ? "Unmute" : "Mute"}</span>
          </button>
        )}
        <Clock />
        <button type="button" class="round hang-up" onClick={hangUp}>
          <HangUpIcon />
          <span>Hang up</span>
        </button>
      </div>
      <Voice name={server.value.bot} side="bot" at={bot} />
    </>
  );
}

function HoldToTalk() {
  const hold = (on: boolean): void => {
    pushing.value = on;
  };
  return (
    <button
      type="button"
      class="round"
      aria-pressed={pushing.value}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        hold(true);
      }}
      onPointerUp={() => hold(false)}
      onPointerCancel={() => hold(false)}
    >
      {pushing.value ? <MicIcon /> : <MutedIcon />}
      <span>{pushing.value ? "Speak" : "Hold to talk"}</span>
    </button>
  );
}

function Voice({ name, side, at }: { name: string; side: string; at: { current: HTMLSpanElement | null } }) {
  return (
    <p class={`voice voice-${side}`}>
      <span class="wave" ref={at} aria-hidden="true">
        <i />
        <i />
        <i />
        <i />
        <i />
      </span>
      <span class="name">{name}</span>
    </p>
  );
}

function Clock() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return (
    <span class="clock" role="timer" aria-label="Length of the call">
      {minutes(now - startedAt.value)}
    </span>
  );
}

function Over() {
  const again = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (document.activeElement === document.body) again.current?.focus();
  }, []);
  const how = trouble.value ? trouble.value.title : `Call ended: ${endReason.value}`;
  return (
    <>
      <p class="ended">
        <strong>{how}</strong>
        <span> after {minutes(lasted.value)}</span>
      </p>
      <button type="button" class="button again" ref={again} onClick={() => void call(!textOnly.value)}>
        <PhoneIcon />
        Call again
      </button>
    </>
  );
}

function minutes(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
