// One window: moved and resized by pointer or arrow keys, closed by Escape.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { CloseIcon, LeftIcon, MaximizeIcon, MinimizeIcon, RestoreIcon, RightIcon } from "../icons";
import { type Place, type Win, arrange, desk, front, nudge, put, toFront, wantsFocus } from "./windows";

const KEY_STEP = 24;
/** A window that is dragged so close to the desk's edge takes that half, px. */
const EDGE = 10;

export function Window({ win, children }: { win: Win; children: ComponentChildren }) {
  const box = useRef<HTMLElement>(null);
  const { name, title, place, fit } = win;
  useEffect(() => {
    if (wantsFocus.value !== name || win.minimized) return;
    wantsFocus.value = "";
    box.current?.focus();
  });
  const drag = (event: PointerEvent): void => {
    if (event.button || (event.target as Element).closest("button")) return;
    const from = shownPlace(win, box.current);
    follow(event, (dx, dy) => put(name, { ...from, x: from.x + dx, y: from.y + dy }), (at) => {
      if (at.x < EDGE) arrange(name, "snap_left");
      else if (at.x > desk.value.width - EDGE) arrange(name, "snap_right");
      else if (at.y < EDGE) arrange(name, "maximize");
    });
  };
  const resize = (event: PointerEvent): void => {
    const from = shownPlace(win, box.current);
    follow(event, (dx, dy) => put(name, { ...from, width: from.width + dx, height: from.height + dy }));
  };
  const style =
    fit === "free"
      ? { left: `${place.x}px`, top: `${place.y}px`, width: `${place.width}px`, height: `${place.height}px` }
      : {};
  return (
    <section
      ref={box}
      class={`window fit-${fit}`}
      role="dialog"
      aria-label={title}
      tabindex={-1}
      data-window={name}
      data-front={front.value?.name === name}
      hidden={win.minimized}
      style={style}
      onPointerDown={() => toFront(name)}
      onFocusIn={() => toFront(name)}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        leave(name);
      }}
    >
      <header class="bar" onPointerDown={drag} onDblClick={() => toggle(win)}>
        <button
          type="button"
          class="grip"
          aria-label={`Move ${title}`}
          aria-description="Arrow keys move the window, with Shift they resize it"
          onKeyDown={(event) => moveByKey(event, win)}
        >
          <i aria-hidden="true" />
        </button>
        <h2>{title}</h2>
        <Button label="Left half" onClick={() => arrange(name, "snap_left")} icon={<LeftIcon />} wide />
        <Button label="Right half" onClick={() => arrange(name, "snap_right")} icon={<RightIcon />} wide />
        <Button label="Minimize" onClick={() => arrange(name, "minimize")} icon={<MinimizeIcon />} />
        <Button
          label={fit === "free" ? "Maximize" : "Restore"}
          onClick={() => toggle(win)}
          icon={fit === "free" ? <MaximizeIcon /> : <RestoreIcon />}
        />
        <Button label="Close" onClick={() => leave(name)} icon={<CloseIcon />} />
      </header>
      <div class="content">{children}</div>
      <span class="corner" aria-hidden="true" onPointerDown={resize} />
    </section>
  );
}

function Button({
  label,
  icon,
  onClick,
  wide = false,
}: {
  label: string;
  icon: ComponentChildren;
  onClick: () => void;
  wide?: boolean;
}) {
  return (
    <button type="button" class={wide ? "bar-button wide" : "bar-button"} aria-label={label} title={label} onClick={onClick}>
      {icon}
    </button>
  );
}

function toggle(win: Win): void {
  arrange(win.name, win.fit === "free" ? "maximize" : "restore");
}

/** Closes a window; the keyboard goes on where it was opened. */
function leave(name: string): void {
  arrange(name, "close");
  document.querySelector<HTMLElement>(`[data-app="${name}"]`)?.focus();
}

function moveByKey(event: KeyboardEvent, win: Win): void {
  const ways: Record<string, readonly [number, number]> = {
    ArrowLeft: [-KEY_STEP, 0],
    ArrowRight: [KEY_STEP, 0],
    ArrowUp: [0, -KEY_STEP],
    ArrowDown: [0, KEY_STEP],
  };
  const way = ways[event.key];
  if (!way) return;
  event.preventDefault();
  nudge(win.name, event.shiftKey ? { width: way[0], height: way[1] } : { x: way[0], y: way[1] });
}

/** Where a window is seen, also when it fills a half. */
function shownPlace(win: Win, box: HTMLElement | null): Place {
  if (win.fit === "free" || !box) return win.place;
  return { ...win.place, x: box.offsetLeft, y: box.offsetTop };
}

function follow(
  event: PointerEvent,
  move: (dx: number, dy: number) => void,
  drop: (at: { x: number; y: number }) => void = () => undefined,
): void {
  event.preventDefault();
  const target = event.currentTarget as HTMLElement;
  const surface = target.closest(".desk")?.getBoundingClientRect();
  const { clientX, clientY, pointerId } = event;
  let moved = false;
  target.setPointerCapture(pointerId);
  const onMove = (now: PointerEvent): void => {
    const [dx, dy] = [now.clientX - clientX, now.clientY - clientY];
    moved ||= Math.hypot(dx, dy) > 3;
    if (moved) move(dx, dy);
  };
  const onEnd = (now: PointerEvent): void => {
    target.removeEventListener("pointermove", onMove);
    if (moved && surface) drop({ x: now.clientX - surface.left, y: now.clientY - surface.top });
  };
  target.addEventListener("pointermove", onMove);
  target.addEventListener("pointerup", onEnd, { once: true });
  target.addEventListener("pointercancel", onEnd, { once: true });
}
