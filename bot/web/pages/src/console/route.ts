// Where the page stands, in the address behind the '#': "#/calls/3f2a…".
import { computed, signal } from "@preact/signals";

export const PLACES = ["now", "mode", "calls", "health", "money", "setup"] as const;
export type Place = (typeof PLACES)[number];

const path = signal(read());
window.addEventListener("hashchange", () => (path.value = read()));

export const place = computed<Place>(
  () => PLACES.find((each) => each === path.value[0]) ?? "now",
);
/** What is open in the place: a call's id, or "". */
export const detail = computed(() => path.value[1] ?? "");

export const link = (to: Place, more = ""): string => `#/${to}${more && `/${more}`}`;

export function go(to: Place, more = ""): void {
  location.hash = link(to, more);
}

function read(): string[] {
  return location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
}
