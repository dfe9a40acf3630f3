// Which microphone and loudspeaker the caller has chosen; kept in this browser.
import { type Signal, effect, signal } from "@preact/signals";

import { type Device, devices } from "../rtc/microphone";

export const microphoneId = kept("tandem-microphone");
export const speakerId = kept("tandem-speaker");
export const microphones = signal<readonly Device[]>([]);
export const speakers = signal<readonly Device[]>([]);
export type Theme = "auto" | "light" | "dark";
export const theme = kept("tandem-theme");

export async function lookForDevices(): Promise<void> {
  microphones.value = await devices("audioinput");
  speakers.value = await devices("audiooutput");
}

function kept(key: string): Signal<string> {
  const value = signal<string>(localStorage.getItem(key) ?? "");
  effect(() => localStorage.setItem(key, value.value));
  return value;
}

effect(() => {
  const scheme = theme.value === "light" || theme.value === "dark" ? theme.value : "";
  document.documentElement.style.colorScheme = scheme;
});
navigator.mediaDevices?.addEventListener?.("devicechange", () => void lookForDevices());
