// The conversation as files.
import { save } from "./apps/files";
import { wav } from "./session";
import * as state from "./state";
import { tasks } from "./tasks";

export function exportJson(): void {
  const call = state.session.value;
  const whole = {
    bot: state.server.value.bot,
    call,
    started: state.startedAt.value ? new Date(state.startedAt.value).toISOString() : null,
    ended: state.inCall.value ? null : state.endReason.value || state.trouble.value?.title || "",
    turns: state.turns.value.map(({ number, caller, bot, cut, stages }) => ({
      turn: number,
      caller: caller?.text ?? "",
      bot: cut ? cut.heard : (bot?.text ?? ""),
      unheard: cut?.unheard ?? "",
      seconds: stages ?? {},
    })),
    tools: state.toolCalls.value.map(({ name, turn, arguments: given, result, ms, cancelled }) => ({
      name,
      turn,
      arguments: JSON.parse(given) as unknown,
      result: result ?? null,
      seconds: ms === undefined ? null : ms / 1000,
      cancelled: cancelled ?? false,
    })),
    tasks: tasks.value.map(({ title, outcome, result, steered }) => ({ title, outcome, result, steered })),
    troubles: state.troubles.value.map(({ kind, detail }) => ({ kind, detail })),
  };
  const text = JSON.stringify(whole, null, 2);
  save(`${name()}.json`, new Blob([text], { type: "application/json" }));
}

export async function exportAudio(): Promise<void> {
  const audio = await wav();
  if (audio) save(`${name()}.wav`, audio);
  else state.notice.value = "This browser could not record the conversation.";
}

function name(): string {
  const at = new Date(state.startedAt.value || Date.now()).toISOString().slice(0, 19);
  return `conversation ${at.replace("T", " ").replaceAll(":", "-")}`;
}
