// The video that plays. YouTube is asked for nothing before a video was chosen.
import { signal } from "@preact/signals";

import type { YoutubePlay } from "../../messages";
import { type Done, close, done, failed, open, rename } from "../desktop/windows";

export const YOUTUBE = "https://www.youtube-nocookie.com";
export const video = signal<Pick<YoutubePlay, "video_id" | "title" | "channel"> | null>(null);
/** Sends a command to the player; set by the view while one is there. */
export const player: { send: ((func: "pauseVideo" | "playVideo") => void) | null } = { send: null };

export function play(wanted: Pick<YoutubePlay, "video_id" | "title" | "channel">): Done {
  video.value = wanted;
  open("youtube");
  rename("youtube", wanted.title);
  return done();
}

export function control(action: "pause" | "resume" | "close"): Done {
  if (!video.value) return failed("no video is open");
  if (action === "close") {
    stop();
    close("youtube");
    return done();
  }
  if (!player.send) return failed("the video window is closed");
  player.send(action === "pause" ? "pauseVideo" : "playVideo");
  return done();
}

export function stop(): void {
  video.value = null;
  rename("youtube", "");
}

/** The id in what a person pastes: an address of YouTube's, or the id itself. */
export function videoId(text: string): string {
  const found = /^([\w-]{11})$|(?:v=|youtu\.be\/|embed\/|shorts\/)([\w-]{11})/.exec(text.trim());
  return found?.[1] ?? found?.[2] ?? "";
}
