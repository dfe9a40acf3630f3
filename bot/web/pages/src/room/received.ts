// What the server says, worked into the room's state.
import type { PageMessage } from "../messages";
import * as state from "./state";
import { withNews } from "./tasks";
import { withMessage } from "./turns";

/** The bot's last words beside the conversation, as long as they stand there. */
let aside = "";
/** The turn that went wrong last. */
let failed = 0;

/** Takes one of our own messages; true for the one that ends the call. */
export function received(message: PageMessage): boolean {
  state.note(false, message.type, message);
  switch (message.type) {
    case "caption":
      if (message.speaker === "caller") state.hearing.value = state.typed.value = "";
      if (state.notice.value === aside) state.notice.value = ""; // "One moment" is over
      state.turns.value = withMessage(state.turns.value, message);
      if (message.speaker === "bot" && state.activity.value === "thinking" && !owed()) {
        state.activity.value = "listening"; // it is on its way behind its sound
      }
      break;
    case "cut":
    case "turn":
      state.turns.value = withMessage(state.turns.value, message);
      break;
    case "notice":
      state.notice.value = aside = message.text;
      break;
    case "session":
      state.session.value = message;
      failed = 0;
      break;
    case "trouble":
      if (message.kind !== "tool" || !message.detail.includes(" done after ")) {
        const { kind, detail } = message;
        failed = state.turns.value.at(-1)?.number ?? 0;
        state.troubles.value = [...state.troubles.value, { at: Date.now(), kind, detail }];
      }
      break;
    case "task":
      withNews(message);
      break;
    case "ended":
      state.endReason.value = message.reason;
      return true;
  }
  return false;
}

/** Takes one of Pipecat's messages. */
export function heardOf(type: string, data: Record<string, unknown>): void {
  state.note(false, type, Object.keys(data).length ? data : undefined);
  switch (type) {
    case "user-started-speaking":
      state.activity.value = "caller";
      break;
    case "user-stopped-speaking":
      state.activity.value = "thinking";
      break;
    case "bot-started-speaking":
      state.activity.value = "bot";
      break;
    case "bot-stopped-speaking":
      if (state.activity.value === "bot") state.activity.value = owed() ? "thinking" : "listening";
      break;
    case "user-input":
      state.hearing.value = data["final"] === false ? String(data["text"] ?? "") : "";
      break;
    case "llm-function-call-in-progress":
      toolBegins(data);
      break;
    case "llm-function-call-stopped":
      toolEnds(data);
  }
}

/** Whether the caller has said something and heard no answer yet, but at most "One moment". */
function owed(): boolean {
  const last = state.turns.value.at(-1);
  return Boolean(last?.caller && !last.bot && !last.cut && last.number !== failed);
}

function toolBegins(data: Record<string, unknown>): void {
  const id = String(data["tool_call_id"]);
  if (state.toolCalls.value.some((call) => call.id === id)) return;
  const name = String(data["function_name"] ?? "a tool");
  const turn = state.turns.value.at(-1)?.number ?? 0;
  const given = data["arguments"] ?? {};
  const begun = { id, name, turn, arguments: JSON.stringify(given, null, 1), at: Date.now() };
  state.toolCalls.value = [...state.toolCalls.value, begun];
}

function toolEnds(data: Record<string, unknown>): void {
  const id = String(data["tool_call_id"]);
  const result = data["result"];
  state.toolCalls.value = state.toolCalls.value.map((call) =>
    call.id !== id || call.ms !== undefined
      ? call
      : {
          ...call,
          ms: Date.now() - call.at,
          cancelled: data["cancelled"] === true,
          result: typeof result === "string" ? result : JSON.stringify(result ?? null),
        },
  );
}
