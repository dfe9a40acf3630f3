// Before a call: one button, and whatever keeps it from working.
import { PhoneIcon, WarningIcon } from "../ui/icons";
import { KeyboardIcon } from "./icons";
import { canType } from "./problems";
import { call, hangUp, unlock } from "./session";
import { notice, phase, server, starting, trouble } from "./state";

export function Lobby() {
  const name = server.value.bot;
  return (
    <section class="lobby">
      <button
        type="button"
        class="call"
        autofocus
        aria-busy={starting.value}
        aria-label={starting.value ? "Cancel the call" : `Call ${name}`}
        onClick={() => (starting.value ? hangUp() : void call())}
      >
        <span class="ring" aria-hidden="true" />
        <PhoneIcon />
        <span class="call-word">{starting.value ? "Cancel" : "Call"}</span>
      </button>
      <div class="invite">
        <h2>{headline(name)}</h2>
        <p>{explanation()}</p>
        {starting.value ? null : (
          <button type="button" class="tool by-text" onClick={() => void call(false)}>
            <KeyboardIcon /> Type instead of speaking
          </button>
        )}
      </div>
      <Trouble />
    </section>
  );
}

function headline(name: string): string {
  if (phase.value === "microphone") return "May we use your microphone?";
  if (phase.value === "connecting") return `Calling ${name}…`;
  if (phase.value === "warming") return "One moment…";
  return `Talk with ${name}`;
}

function explanation(): string {
  if (phase.value === "microphone") return "Your browser is asking. Choose Allow.";
  if (phase.value === "connecting") return "This takes about a second.";
  if (phase.value === "warming") return `${notice.value} You are connected as soon as it is.`;
  const { state, reason } = server.value;
  if (state === "warming") return `Right now ${reason}. You can call already and wait in line.`;
  if (state === "busy") return `Right now ${reason}.`;
  return "The same bot that answers the phone. You see what both of you say, what its tools do, and where the milliseconds of each answer go.";
}

export function Trouble() {
  const found = trouble.value;
  if (!found) return null;
  const locked = found.code === "token_needed" || found.code === "token_wrong";
  return (
    <div class="trouble" role="alert">
      <WarningIcon />
      <div>
        <strong>{found.title}</strong>
        <p>{found.advice}</p>
        {locked ? <TokenForm /> : null}
        {canType(found.code) ? (
          <button type="button" class="button" onClick={() => void call(false)}>
            <KeyboardIcon /> Go on by typing
          </button>
        ) : null}
      </div>
    </div>
  );
}

function TokenForm() {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const field = new FormData(event.currentTarget as HTMLFormElement).get("token");
    if (typeof field === "string" && field.trim()) unlock(field.trim());
  };
  return (
    <form class="token" onSubmit={submit}>
      <label for="token">Operator's token</label>
      <input id="token" name="token" type="password" autocomplete="current-password" required />
      <button type="submit" class="button">
        Unlock and call
      </button>
    </form>
  );
}
