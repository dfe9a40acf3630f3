// What can go wrong, said plainly, with what to do about it.
import type { ProblemCode } from "../rtc/api";

export interface Problem {
  code: ProblemCode;
  title: string;
  advice: string;
}

const TEXTS: Record<ProblemCode, readonly [title: string, advice: string]> = {
  no_microphone: ["No microphone found", "Plug one in, or switch it on, and call again."],
  microphone_refused: [
    "The microphone is blocked",
    "Allow it for this page: click the icon at the left of the address, then call again.",
  ],
  microphone_busy: [
    "The microphone could not be opened",
    "Another program may be using it. Close that program and call again.",
  ],
  insecure: [
    "The browser gives no microphone to this address",
    "Open the room by https, or at the address localhost on the server's own machine.",
  ],
  old_browser: [
    "This browser cannot make calls",
    "Use a current Chrome, Edge, Firefox or Safari.",
  ],
  server_gone: ["The server does not answer", "Check that it is running, then call again."],
  busy: ["All lines are busy", "Please try again in a moment."],
  warming: ["The server is getting ready", "Please try again in a moment."],
  token_needed: ["This room is locked", "Enter the operator's token to call."],
  token_wrong: ["This room is locked", "That is not the operator's token. Try again."],
  closed: ["This room is closed from here", "Open it on the server's own machine."],
  foreign: ["This address is not the room's own", "Open the room at its own address."],
  invalid: ["The server did not understand this browser", "Reload the page and call again."],
  too_large: ["The server did not understand this browser", "Reload the page and call again."],
  no_media: [
    "No sound gets through to the server",
    "A firewall may block it: WebRTC needs UDP between this browser and the server.",
  ],
  lost: [
    "The connection was lost",
    "The network or the server went away. Call again to start a new conversation.",
  ],
  broken: ["Something broke on the server", "Its log says what. You can call again."],
};

/** `advice`, where the server gave some, says more than our own. */
export function problem(code: ProblemCode, advice = ""): Problem {
  const [title, own] = TEXTS[code] ?? TEXTS.broken;
  return { code, title, advice: advice || own };
}
