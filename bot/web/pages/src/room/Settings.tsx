// Microphone, loudspeaker, push-to-talk and the look of the page.
import { useEffect, useRef } from "preact/hooks";

import { canChooseSpeaker } from "../rtc/microphone";
import { lookForDevices, microphoneId, microphones, speakerId, speakers, theme } from "./devices";
import { SettingsIcon } from "./icons";
import { changeMicrophone, changeSpeaker } from "./session";
import { pushToTalk } from "./state";

export function Settings() {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const closed = (event: Event): void => {
      if ((event as ToggleEvent).newState === "open") void lookForDevices();
    };
    box.current?.addEventListener("toggle", closed);
    return () => box.current?.removeEventListener("toggle", closed);
  }, []);
  return (
    <>
      <button type="button" class="tool icon-only" popovertarget="settings" aria-label="Settings" title="Settings">
        <SettingsIcon />
      </button>
      <div id="settings" ref={box} popover="auto" role="dialog" aria-label="Settings">
        <Choice
          label="Microphone"
          value={microphoneId.value}
          options={microphones.value}
          onChange={(id) => void changeMicrophone(id)}
        />
        {canChooseSpeaker ? (
          <Choice
            label="Loudspeaker"
            value={speakerId.value}
            options={speakers.value}
            onChange={(id) => void changeSpeaker(id)}
          />
        ) : null}
        <label class="check">
          <input
            type="checkbox"
            checked={pushToTalk.value}
            onChange={(event) => (pushToTalk.value = event.currentTarget.checked)}
          />
          <span>
            Push to talk <small>Hold Space, or the button, while you speak</small>
          </span>
        </label>
        <label class="field">
          <span>Look</span>
          <select value={theme.value || "auto"} onChange={(event) => (theme.value = event.currentTarget.value)}>
            <option value="auto">As the system</option>
            <option value="light">Light</option>
            <option value="dark">Dark</option>
          </select>
        </label>
      </div>
    </>
  );
}

function Choice({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: readonly { id: string; name: string }[];
  onChange: (id: string) => void;
}) {
  const known = options.some((one) => one.id === value);
  return (
    <label class="field">
      <span>{label}</span>
      <select value={known ? value : ""} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">The system's own</option>
        {options
          .filter((one) => one.id !== "default")
          .map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
      </select>
    </label>
  );
}
