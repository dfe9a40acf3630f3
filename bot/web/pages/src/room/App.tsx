import { Logo } from "../ui/icons";
import { Conversation } from "./Conversation";
import { Dock } from "./Dock";
import { Lobby } from "./Lobby";
import { type Activity, type Phase, activity, muted, phase, server } from "./session";

const DOING: Record<Activity, string> = {
  listening: "Listening",
  caller: "You are speaking",
  thinking: "Thinking",
  bot: "Speaking",
};

const PHASES: Record<Exclude<Phase, "talking">, string> = {
  idle: "Not connected",
  microphone: "Waiting for the microphone",
  connecting: "Connecting",
  warming: "Getting ready",
  ending: "Saying goodbye",
  over: "Call ended",
};

function status(): string {
  if (phase.value === "talking") return muted.value ? "You are muted" : DOING[activity.value];
  if (phase.value === "idle" && server.value.state === "warming") return "Server getting ready";
  return PHASES[phase.value];
}

/** Said to screen readers: only what changes the call, not who is speaking at the moment. */
function announcement(): string {
  if (phase.value === "talking") return muted.value ? "Connected, muted" : "Connected";
  return phase.value === "idle" ? "" : PHASES[phase.value];
}

export function App() {
  const before = phase.value === "idle" || !["talking", "ending", "over"].includes(phase.value);
  return (
    <div class="room" data-phase={phase.value} data-activity={activity.value}>
      <header class="top">
        <Logo />
        <h1>
          Tandem <span>test room</span>
        </h1>
        <p class="pill" data-testid="status">
          <i aria-hidden="true" />
          {status()}
        </p>
      </header>
      <p class="unseen" role="status">
        {announcement()}
      </p>
      <main>{before ? <Lobby /> : <Conversation />}</main>
      {before ? null : <Dock />}
    </div>
  );
}
