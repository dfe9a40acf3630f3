// What can go wrong, said plainly, with what to do about it.
import type { ProblemCode } from "../rtc/api";

export interface Problem {
  code: ProblemCode;
  title: string;
  advice: string;
}

const TEXTS: Record<ProblemCode, readonly [title: string, advice: string]> = {
  no_microphone: ["No microphone found", "Plug one in, or switch it on, and call again. Or type instead."],
  microphone_refused: [
    "The microphone is blocked",
    "Allow it for this page (click the icon at the left of the address) and call again, or type instead.",
  ],
  microphone_busy: [
    "The microphone could not be opened",
    "Another program may be using it. Close that program and call again, or type instead.",
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
  busy: ["All lines are busy", "Please try again in a moment, or raise MAX_CALLS on the server."],
  warming: ["The server is getting ready", "Please try again in a moment."],
  token_needed: ["This room is locked", "Enter the operator's token to call."],
  token_wrong: ["This room is locked", "That is not the operator's token. Try again."],
  closed: ["This room is closed from here", "Open it on the server's own machine."],
  foreign: ["This address is not the room's own", "Open the room at its own address."],
  invalid: ["The server did not understand this browser", "Reload the page and call again."],
  too_large: ["The server did not understand this browser", "Reload the page and call again."],
  no_media: [
    "No sound gets through to the server",
    "A firewall or a foreign network is in between: WebRTC needs UDP between this browser and the server, and no TURN server relays it here. Try from the server's own network.",
  ],
  lost: [
    "The connection was lost",
    "The network or the server went away and did not come back in time. Call again to start a new conversation.",
  ],
  gone: ["That conversation is over", "Call again to start a new one."],
  full: ["The notebook is full", "Delete a note first."],
  no_cookie: ["This browser keeps no cookies", "Allow them for this page, so that your notes stay yours, and reload it."],
  no_store: ["The notes cannot be reached", "Try again in a moment; the server's log says why."],
  link_unknown: ["This link does not work", "Open the one from the latest text message, or ask for a new one on the phone."],
  link_taken: ["This link was opened before", "It works only in the browser that opened it first. Ask for a new one on the phone."],
  link_over: ["The call is over", "The link has ended with it."],
  link_moved: ["This page is open elsewhere", "It was opened again, in another tab or with a newer link. Reload this one to have it here."],
  wait: ["Too many attempts", "Try again in a few minutes."],
  broken: ["Something broke on the server", "Its log says what. You can call again."],
};

/** `advice`, where the server gave some, says more than our own. */
export function problem(code: ProblemCode, advice = ""): Problem {
  const [title, own] = TEXTS[code] ?? TEXTS.broken;
  return { code, title, advice: advice || own };
}

/** Whether typing instead of speaking would help. */
export function canType(code: ProblemCode): boolean {
  return ["no_microphone", "microphone_refused", "microphone_busy"].includes(code);
}

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^stt/, "The ear failed: what was said could not be turned into words."],
  [/^llm/, "The model failed: there was no answer to speak."],
  [/^tts/, "The voice failed: an answer could not be spoken."],
  [/^empty answer/, "The model answered with nothing; it was asked again."],
  [/^speculation/, "An answer that was begun early failed; it was begun anew."],
  [/^tool/, "A tool could not do what the model wanted."],
];

/** A kind of trouble from the call's record, as a sentence. */
export function plainWords(kind: string): string {
  return KINDS.find(([pattern]) => pattern.test(kind))?.[1] ?? "Something went wrong or took another way.";
}
