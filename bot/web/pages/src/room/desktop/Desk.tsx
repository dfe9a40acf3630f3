// The desk: its windows, the figure that keeps the caller company, and what can be opened.
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { Browser } from "../apps/Browser";
import { Calculator } from "../apps/Calculator";
import { Canvas } from "../apps/Canvas";
import { Details } from "../apps/Details";
import { Drive } from "../apps/Drive";
import { Notes } from "../apps/Notes";
import { Soundtrack } from "../apps/Soundtrack";
import { Terminal } from "../apps/Terminal";
import { Youtube } from "../apps/Youtube";
import { dismiss, sprite } from "../apps/sprite";
import {
  BrowserIcon,
  CalculatorIcon,
  CanvasIcon,
  DetailsIcon,
  FilesIcon,
  MusicIcon,
  NotesIcon,
  TerminalIcon,
  VideoIcon,
} from "../icons";
import { beside } from "../state";
import { Window } from "./Window";
import { MODES, type Mode, mode, switchDesktop } from "./modes";
import { type WindowName, arrange, covered, front, openByHand, resizeDesk, windows } from "./windows";

const APPS: readonly (readonly [WindowName, string, ComponentType, ComponentType])[] = [
  ["notes", "Notes", NotesIcon, Notes],
  ["canvas", "Canvas", CanvasIcon, Canvas],
  ["youtube", "YouTube", VideoIcon, Youtube],
  ["browser", "Browser", BrowserIcon, Browser],
  ["calculator", "Calculator", CalculatorIcon, Calculator],
  ["soundtrack", "Music", MusicIcon, Soundtrack],
  ["drive", "Files", FilesIcon, Drive],
  ["terminal", "Terminal", TerminalIcon, Terminal],
  ["details", "Behind the scenes", DetailsIcon, Details],
];
/** What developers look at: nothing for somebody who calls by phone. */
const FOR_DEVELOPERS: readonly WindowName[] = ["terminal", "details"];
const CONTENT = new Map(APPS.map(([name, , , Content]) => [name, Content]));

export function Desk({ children }: { children?: ComponentChildren }) {
  const surface = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = surface.current;
    if (!box) return;
    const measure = new ResizeObserver(() => {
      resizeDesk({ width: box.clientWidth, height: box.clientHeight });
    });
    measure.observe(box);
    return () => measure.disconnect();
  }, []);
  // In the order of opening: an element that moves in the page would lose its video or its focus.
  const steady = [...windows.value].sort((a, b) => (a.name < b.name ? -1 : 1));
  return (
    <div class="desk" ref={surface} data-mode={mode.value} data-covered={covered.value}>
      {children}
      <Companion />
      {steady.map((win) => {
        const Content = CONTENT.get(win.name);
        const depth = windows.value.findIndex((one) => one.name === win.name);
        return Content ? (
          <div key={win.name} class="layer" style={{ zIndex: depth + 1 }}>
            <Window win={win}>
              <Content />
            </Window>
          </div>
        ) : null;
      })}
    </div>
  );
}

export function Launcher() {
  return (
    <nav class="launcher" aria-label="Apps">
      {APPS.filter(([name]) => !beside.value || !FOR_DEVELOPERS.includes(name)).map(([name, title, Picture]) => {
        const win = windows.value.find((one) => one.name === name);
        return (
          <button
            type="button"
            key={name}
            data-app={name}
            data-open={Boolean(win)}
            aria-expanded={Boolean(win && !win.minimized)}
            onClick={() => (front.value?.name === name ? arrange(name, "minimize") : openByHand(name))}
          >
            <Picture />
            <span>{title}</span>
          </button>
        );
      })}
    </nav>
  );
}

export function Modes() {
  return (
    <fieldset class="modes">
      <legend class="unseen">Desktop</legend>
      {(Object.keys(MODES) as Mode[]).map((one) => (
        <label key={one} title={MODES[one][1]}>
          <input
            type="radio"
            name="desktop"
            value={one}
            checked={mode.value === one}
            onChange={() => void switchDesktop(one)}
          />
          <span>{MODES[one][0]}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Companion() {
  const figure = sprite.value;
  if (!figure) return null;
  const size = 96 * figure.scale;
  return (
    <button
      type="button"
      class="sprite"
      aria-label={`${figure.prompt}. Send it away`}
      title={figure.prompt}
      onClick={() => void dismiss()}
    >
      <svg viewBox="0 0 16 16" width={size} height={size} shape-rendering="crispEdges" aria-hidden="true">
        {figure.cells.map(({ colour, path }) => (
          <path fill={colour} d={path} />
        ))}
      </svg>
    </button>
  );
}
