// The page beside a phone call: it follows the call, shows what its tools show, and is read on after
// it. The caller talks on the phone.
import type { PageMessage, UiCommand, UiEvent } from "../messages";
import { RoomError, liveAddress, openLink, sendEvent, stillHere } from "../rtc/api";
import { flush } from "./apps/notes";
import { connectTo, obey, tellWindows } from "./outgoing";
import { problem } from "./problems";
import { received } from "./received";
import { endReason, lasted, notice, phase, server, startedAt, trouble, turns } from "./state";

const ALIVE_MS = 15_000;
const AGAIN_MS = 2000;
let source: EventSource | null = null;
let sending: Promise<void> = Promise.resolve();

/** Opens the link in the address, and follows its call. */
export async function follow(): Promise<void> {
  trouble.value = null;
  if (phase.value === "idle") phase.value = "connecting";
  try {
    const page = await openLink(location.hash.slice(1));
    server.value = { bot: page.bot, state: "ready", reason: "" };
    document.title = `${page.bot} \u2013 beside your call`;
    listen();
  } catch (error) {
    const { code, message } = error instanceof RoomError ? error : new RoomError("broken");
    if (code === "server_gone" && phase.value === "reconnecting") {
      setTimeout(() => void follow(), AGAIN_MS);
    } else stop(() => (trouble.value = problem(code, message)));
  }
}

function listen(): void {
  source?.close();
  const mine = (source = new EventSource(liveAddress()));
  mine.addEventListener("welcome", () => {
    phase.value = "talking";
    notice.value = "";
    startedAt.value ||= Date.now();
    connectTo(send);
    tellWindows();
  });
  mine.addEventListener("command", (event) => void obey(read<UiCommand>(event)));
  mine.addEventListener("taken", () => stop(() => (trouble.value = problem("link_moved"))));
  mine.onmessage = (event) => {
    if (received(read<PageMessage>(event))) stop();
  };
  mine.onerror = () => {
    if (source !== mine) return;
    phase.value = "reconnecting";
    notice.value = "The network broke. Your call goes on; this page comes back by itself.";
    if (mine.readyState === EventSource.CLOSED) setTimeout(() => void follow(), AGAIN_MS);
  };
}

function read<T>(event: MessageEvent<string>): T {
  return JSON.parse(event.data) as T;
}

/** One behind the other, so that what happened first is told first. */
function send(event: UiEvent): void {
  sending = sending.then(() => sendEvent(event)).catch(() => undefined);
}

/** The page follows its call no more; what it shows stays. */
function stop(say: () => void = () => undefined): void {
  source?.close();
  source = null;
  void flush();
  connectTo(null);
  notice.value = "";
  lasted.value = startedAt.value ? Date.now() - startedAt.value : 0;
  endReason.value ||= "page closed";
  say();
  phase.value = lasted.value || turns.value.length ? "over" : "idle";
}

setInterval(() => {
  if (phase.value === "talking") void stillHere().catch(() => undefined);
}, ALIVE_MS);
