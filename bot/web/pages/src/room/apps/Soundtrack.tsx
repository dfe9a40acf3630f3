import { useState } from "preact/hooks";

import { NextIcon, PlayIcon, StopIcon } from "../icons";
import { TRACKS } from "./loops";
import { choose, control, playing, setVolume, stop, track, volume } from "./music";

export function Soundtrack() {
  const [trouble, setTrouble] = useState("");
  const act = async (action: "play" | "next"): Promise<void> => {
    const { ok, text } = await control(action);
    setTrouble(ok ? "" : text);
  };
  return (
    <div class="soundtrack" data-playing={playing.value}>
      <ul aria-label="Tracks">
        {TRACKS.map(({ name, mood }, index) => (
          <li key={name}>
            <button
              type="button"
              aria-current={playing.value && index === track.value ? "true" : undefined}
              onClick={() => void choose(index)}
            >
              <strong>{name}</strong> <span>{mood}</span>
            </button>
          </li>
        ))}
      </ul>
      <div class="row">
        <button type="button" class="button" onClick={() => (playing.value ? stop() : void act("play"))}>
          {playing.value ? <StopIcon /> : <PlayIcon />} {playing.value ? "Stop" : "Play"}
        </button>
        <button type="button" class="tool" onClick={() => void act("next")}>
          <NextIcon /> Next
        </button>
        <label class="volume">
          <span class="unseen">Volume</span>
          <input
            type="range"
            min="0"
            max="100"
            value={volume.value}
            onInput={(event) => void setVolume(Number(event.currentTarget.value))}
          />
          <output>{volume.value} %</output>
        </label>
      </div>
      {trouble ? (
        <p class="warn" role="alert">
          {trouble}
        </p>
      ) : null}
    </div>
  );
}
