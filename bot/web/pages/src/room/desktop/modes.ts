// Four desktops: what each one is for shows in its light and in what lies on it.
import { signal } from "@preact/signals";

import type { DesktopSwitch } from "../../messages";
import { playing, stop } from "../apps/music";
import { type Done, arrange, done, minimizeAll, open, windows } from "./windows";

export type Mode = DesktopSwitch["mode"];
export const MODES: Record<Mode, readonly [name: string, meaning: string]> = {
  home: ["Home", "Every window back in its place"],
  work: ["Work", "Notes on the left, canvas on the right"],
  quiet: ["Quiet", "Nothing but the conversation"],
  create: ["Create", "A large canvas, notes beside it"],
};
export const mode = signal<Mode>("home");

export function switchDesktop(to: Mode): Done {
  mode.value = to;
  switch (to) {
    case "home":
      for (const { name } of windows.value) arrange(name, "reset");
      return done(windows.value.length ? "The home desktop: every window is back in its place." : "");
    case "work":
      open("canvas");
      open("notes");
      arrange("canvas", "snap_right");
      arrange("notes", "snap_left");
      return done("The work desktop: notes on the left, the canvas on the right.");
    case "quiet": {
      minimizeAll();
      const music = playing.value ? " and the music is off" : "";
      stop();
      return done(`The quiet desktop: all windows are put away${music}.`);
    }
    case "create":
      open("notes");
      arrange("notes", "snap_right");
      open("canvas");
      arrange("canvas", "snap_left");
      return done("The create desktop: the canvas on the left, notes on the right.");
  }
}
