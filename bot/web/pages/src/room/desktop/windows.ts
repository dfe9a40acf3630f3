// The windows: which are open, where, which is in front. Tools and hands use the same actions.
import { computed, signal } from "@preact/signals";

import { APPS, type App, type WindowArrange } from "../../messages";

export type WindowName = App | "details";
export type Fit = "free" | "maximized" | "left" | "right";
export type Arrangement = WindowArrange["action"];

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Win {
  name: WindowName;
  title: string;
  place: Place;
  fit: Fit;
  minimized: boolean;
}

/** What came of something: what the model is told. */
export interface Done {
  ok: boolean;
  text: string;
}
export const done = (text = ""): Done => ({ ok: true, text });
export const failed = (text: string): Done => ({ ok: false, text });

export const TITLES: Partial<Record<WindowName, string>> = {
  notes: "Notes",
  canvas: "Canvas",
  youtube: "YouTube",
  browser: "Browser",
  calculator: "Calculator",
  soundtrack: "Soundtrack",
  drive: "Files",
  terminal: "Terminal",
  details: "Behind the scenes",
};
const SIZES: Partial<Record<WindowName, readonly [width: number, height: number]>> = {
  notes: [640, 420],
  calculator: [320, 400],
  soundtrack: [340, 330],
  youtube: [620, 420],
  details: [560, 480],
  terminal: [620, 360],
  drive: [380, 300],
};
const SIZE = [560, 420] as const;
/** Where a window stands at first: the share of the free room on its left and above it. */
const PLACES: Partial<Record<WindowName, readonly [left: number, above: number]>> = {
  notes: [0, 0],
  canvas: [1, 0.25],
  youtube: [0.7, 0.1],
  browser: [0.4, 0.3],
  calculator: [0.05, 0.95],
  soundtrack: [0.6, 1],
  drive: [0.25, 0.6],
  terminal: [0.15, 1],
  details: [1, 0],
};
const LEAST = { width: 240, height: 160 };
const MARGIN = 24;
/** So much of a window's title bar stays on the desk, px. */
const KEPT = 80;

/** Open windows, the one in front last. */
export const windows = signal<readonly Win[]>([]);
/** The desk's size in px; the view measures it. */
export const desk = signal({ width: 900, height: 600 });
/** The window that wants the keyboard's focus: the one that a hand has opened. */
export const wantsFocus = signal<WindowName | "">("");
export const front = computed(() => [...windows.value].reverse().find((win) => !win.minimized));
/** Whether a window lies on the desk. */
export const covered = computed(() => front.value !== undefined);
/** As the server is told: the front one first, minimized ones last. */
export const openApps = computed<App[]>(() => {
  const open = [...windows.value].reverse();
  const sorted = [...open.filter((win) => !win.minimized), ...open.filter((win) => win.minimized)];
  return sorted.map((win) => win.name).filter((name): name is App => APPS.includes(name as App));
});

export function isOpen(name: WindowName): boolean {
  return windows.value.some((win) => win.name === name);
}

/** Opens a window or brings it to the front. */
export function open(name: WindowName, title = ""): Done {
  if (!TITLES[name]) return failed(`there is no ${name} app in this room`);
  const known = windows.value.find((win) => win.name === name);
  const win: Win = known
    ? { ...known, minimized: false, title: title || known.title }
    : { name, title: title || TITLES[name], place: first(name), fit: "free", minimized: false };
  windows.value = [...windows.value.filter((one) => one.name !== name), win];
  return done();
}

export function openByHand(name: WindowName): void {
  wantsFocus.value = name;
  open(name);
}

export function close(name: WindowName): Done {
  if (!isOpen(name)) return failed(`there is no ${TITLES[name] ?? name} window open`);
  windows.value = windows.value.filter((win) => win.name !== name);
  return done();
}

export function closeAll(): Done {
  if (!windows.value.length) return done("No window was open.");
  windows.value = [];
  return done();
}

export function rename(name: WindowName, title: string): void {
  change(name, { title: title || (TITLES[name] ?? name) });
}

/** Does with a window what a tool or a button says. `which`: a name, a title, '' the one in front. */
export function arrange(which: string, action: Arrangement): Done {
  const win = find(which);
  if (!win) return failed(missing(which));
  if (action === "close") return close(win.name);
  if (action === "minimize") {
    change(win.name, { minimized: true });
    return done();
  }
  open(win.name);
  switch (action) {
    case "maximize":
      change(win.name, { fit: "maximized" });
      break;
    case "snap_left":
      change(win.name, { fit: "left" });
      break;
    case "snap_right":
      change(win.name, { fit: "right" });
      break;
    case "restore":
      change(win.name, { fit: "free" });
      break;
    case "reset":
      change(win.name, { fit: "free", place: first(win.name) });
  }
  return done();
}

export function toFront(name: WindowName): void {
  if (windows.value.at(-1)?.name !== name) open(name);
}

/** Puts a window somewhere, as far as the desk reaches. */
export function put(name: WindowName, place: Place): void {
  change(name, { fit: "free", place: kept(place) });
}

export function nudge(name: WindowName, by: Partial<Place>): void {
  const win = windows.value.find((one) => one.name === name);
  if (!win) return;
  const { x, y, width, height } = win.place;
  put(name, {
    x: x + (by.x ?? 0),
    y: y + (by.y ?? 0),
    width: width + (by.width ?? 0),
    height: height + (by.height ?? 0),
  });
}

/** The desk has another size: what hangs over its edge moves back, as far as there is room. */
export function resizeDesk(size: { width: number; height: number }): void {
  if (size.width === desk.value.width && size.height === desk.value.height) return;
  desk.value = size;
  windows.value = windows.value.map((win) => {
    const { x, y, width, height } = kept(win.place);
    const place = {
      x: Math.max(0, Math.min(x, size.width - width - MARGIN)),
      y: Math.max(0, Math.min(y, size.height - height - MARGIN)),
      width,
      height,
    };
    return { ...win, place };
  });
}

export function minimizeAll(): void {
  windows.value = windows.value.map((win) => ({ ...win, minimized: true }));
}

function change(name: WindowName, to: Partial<Win>): void {
  windows.value = windows.value.map((win) => (win.name === name ? { ...win, ...to } : win));
}

function find(which: string): Win | undefined {
  const wanted = which.trim().toLowerCase().replace(/\s+window$/, "");
  if (!wanted) return front.value ?? windows.value.at(-1);
  const topFirst = [...windows.value].reverse();
  return (
    topFirst.find((win) => win.name === wanted || win.title.toLowerCase() === wanted) ??
    topFirst.find((win) => win.title.toLowerCase().includes(wanted))
  );
}

function missing(which: string): string {
  const open = windows.value.map((win) => win.title).join(", ");
  const others = open ? `; open are: ${open}` : "; no window is open";
  return which ? `there is no window called ${which.trim()}${others}` : "no window is open";
}

/** Where a window stands when it opens. */
function first(name: WindowName): Place {
  const [width, height] = SIZES[name] ?? SIZE;
  const [left, above] = PLACES[name] ?? [0.5, 0.5];
  const room = (whole: number, own: number): number => Math.max(0, whole - own - 2 * MARGIN);
  return kept({
    x: MARGIN + left * room(desk.value.width, width),
    y: MARGIN + above * room(desk.value.height, height),
    width,
    height,
  });
}

function kept(place: Place): Place {
  const { width, height } = desk.value;
  const size = {
    width: Math.max(LEAST.width, Math.min(place.width, width)),
    height: Math.max(LEAST.height, Math.min(place.height, height)),
  };
  return {
    x: Math.round(Math.max(KEPT - size.width, Math.min(place.x, width - KEPT))),
    y: Math.round(Math.max(0, Math.min(place.y, height - 40))),
    width: Math.round(size.width),
    height: Math.round(size.height),
  };
}
