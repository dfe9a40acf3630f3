import { Logo } from "../ui/icons";
import { Arrival, Footer } from "./Beside";
import { Conversation } from "./Conversation";
import { Dock } from "./Dock";
import { Lobby } from "./Lobby";
import { Settings } from "./Settings";
import { Desk, Launcher, Modes } from "./desktop/Desk";
import { covered } from "./desktop/windows";
import { type Activity, type Phase, activity, beside, can, inCall, muted, phase, server, session, textOnly, trouble } from "./state";

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
  reconnecting: "Reconnecting",
  ending: "Saying goodbye",
  over: "Call ended",
};

function status(): string {
  if (beside.value && phase.value === "talking") return "Connected to your call";
  if (beside.value && phase.value === "idle" && trouble.value) return "Not opened";
  if (phase.value === "talking") {
    if (muted.value) return "You are muted";
    return textOnly.value && activity.value === "listening" ? "Waiting for your words" : DOING[activity.value];
  }
  if (phase.value === "idle" && server.value.state === "warming") return "Server getting ready";
  return PHASES[phase.value];
}

/** Said to screen readers: only what changes the call, not who is speaking at the moment. */
function announcement(): string {
  if (phase.value === "talking") return muted.value ? "Connected, muted" : "Connected";
  return phase.value === "idle" ? "" : PHASES[phase.value];
}

export function App() {
  const before = !inCall.value && phase.value !== "over";
  const bare = beside.value && before; // without its call the page has nothing to show
  return (
    <div class="room" data-phase={phase.value} data-activity={activity.value}>
      <header class="top">
        <Logo />
        {beside.value ? (
          <h1>
            {server.value.bot} <span>beside your call</span>
          </h1>
        ) : (
          <h1>
            Tandem <span>test room</span>
          </h1>
        )}
        {bare ? null : <Modes />}
        <p class="pill" data-testid="status">
          <i aria-hidden="true" />
          {status()}
        </p>
        {beside.value ? null : <Settings />}
      </header>
      <p class="unseen" role="status">
        {announcement()}
      </p>
      {bare ? null : <Launcher />}
      <main>
        {/* Windows take the desk; then the way to call stands beside it. */}
        <Desk>{!before ? <Hints /> : covered.value ? null : <Entry />}</Desk>
        {!before ? <Conversation /> : covered.value ? <aside class="conversation"><Entry /></aside> : null}
      </main>
      {before ? null : beside.value ? <Footer /> : <Dock />}
    </div>
  );
}

/** What to try, by the family of tools that it takes: a small model has not all of them. */
const HINTS: readonly (readonly [family: string, words: string])[] = [
  ["notes", "Make a shopping list: bread and milk."],
  ["canvas", "Show me the planets in a table."],
  ["soundtrack", "Play some music, quietly."],
  ["sprites", "Summon a green dragon."],
  ["notes", "Add eggs to my shopping list."],
  ["notes", "Which notes do I have?"],
];

function hints(): string[] {
  if (!session.value) return [];
  return HINTS.filter(([family]) => can(family)).slice(0, 4).map(([, words]) => words);
}

function Entry() {
  return beside.value ? <Arrival /> : <Lobby />;
}

function Hints() {
  if (!inCall.value || !hints().length) return null;
  return (
    <div class="hints" aria-hidden="true">
      <p>Try saying</p>
      <ul>
        {hints().map((words) => (
          <li>“{words}”</li>
        ))}
      </ul>
    </div>
  );
}
