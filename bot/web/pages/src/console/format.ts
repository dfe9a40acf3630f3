// Numbers and times as people read them.

const CLOCK = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });
const FULL = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "medium" });

export const full = (at: string): string => (at ? FULL.format(new Date(at)) : "");

/** "14:03" today, "3 Mar, 14:03" before. */
export function when(at: string): string {
  if (!at) return "";
  const date = new Date(at);
  const today = new Date().toDateString() === date.toDateString();
  return today ? CLOCK.format(date) : `${DAY.format(date)}, ${CLOCK.format(date)}`;
}

/** "0:07", "12:40", "1:02:03". */
export function length(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** From one moment to another, as `length`. */
export const span = (since: string, at: string): string =>
  length((Date.parse(at) - Date.parse(since)) / 1000);

/** "820 ms", "1.4 s". */
export function ms(value: number): string {
  if (value < 0) return "–";
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} s`;
}

export const dollars = (value: number): string =>
  value < 0 ? "–" : `$${value.toFixed(value >= 0.0005 && value < 0.995 ? 3 : 2)}`;

export const count = (value: number): string => value.toLocaleString();

/** "1 error", "3 errors". */
export const several = (many: number, thing: string): string =>
  `${count(many)} ${thing}${many === 1 ? "" : "s"}`;

/** Who is at the other end. */
export function party(call: {
  direction: string;
  channel: string;
  caller: string;
  callee: string;
}): string {
  const other = call.direction === "outbound" ? call.callee : call.caller;
  if (other) return other;
  return call.channel === "room" ? "Test room" : "Unknown number";
}

/** "cascade" -> "Cascade", "openai_realtime" -> "Openai realtime". */
export function words(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
