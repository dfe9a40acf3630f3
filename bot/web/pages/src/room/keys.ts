// Space calls, and is held to speak in push-to-talk. A key that a field wants stays the field's.
import { call } from "./session";
import { inCall, phase, pushToTalk, pushing } from "./state";

function wantsSpace(target: EventTarget | null): boolean {
  return target instanceof Element && Boolean(target.closest("input:not([type=radio],[type=checkbox],[type=range]),textarea,select,[contenteditable]"));
}

export function listenToKeys(): void {
  addEventListener(
    "keydown",
    (event) => {
      if (event.code !== "Space" || event.ctrlKey || event.altKey || event.metaKey) return;
      if (wantsSpace(event.target)) return;
      if (inCall.value && pushToTalk.value) {
        event.preventDefault();
        pushing.value = true;
      } else if (phase.value === "idle" && !event.repeat && event.target === document.body) {
        event.preventDefault();
        void call();
      }
    },
    true,
  );
  addEventListener(
    "keyup",
    (event) => {
      if (event.code !== "Space" || !pushing.value) return;
      event.preventDefault(); // or the button with the focus would be pressed
      pushing.value = false;
    },
    true,
  );
  addEventListener("blur", () => (pushing.value = false));
}
