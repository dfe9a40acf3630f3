import { useSignal } from "@preact/signals";

import { Logo } from "../ui/icons";
import { session, signIn } from "./api";

/** Before the console: a password, or why there is no way in. */
export function SignIn() {
  const password = useSignal("");
  const trouble = useSignal("");
  const busy = useSignal(false);
  const state = session.value;

  async function submit(event: Event) {
    event.preventDefault();
    busy.value = true;
    trouble.value = "";
    try {
      await signIn(password.value);
    } catch (error) {
      trouble.value = error instanceof Error ? error.message : String(error);
      password.value = "";
    }
    busy.value = false;
  }

  return (
    <main class="door">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <Logo />
        <h1>{state?.bot ?? "Tandem"} console</h1>
        {state?.state === "closed" ? (
          <p>{state.message}</p>
        ) : (
          <>
            <label for="password">Operator’s password</label>
            <input
              id="password"
              type="password"
              autocomplete="current-password"
              required
              value={password.value}
              onInput={(event) => (password.value = event.currentTarget.value)}
            />
            <button class="button" disabled={busy.value}>
              {busy.value ? "One moment" : "Sign in"}
            </button>
          </>
        )}
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
      </form>
    </main>
  );
}
