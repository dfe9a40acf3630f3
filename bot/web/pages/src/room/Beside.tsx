// What stands beside a phone call in the place of the room's button and its dock.
import { Trouble } from "./Lobby";
import { beside, phase, trouble } from "./state";

/** Before there is anything to show: that it is coming, or why it is not. */
export function Arrival() {
  return (
    <section class="lobby">
      <div class="invite">
        <h2>{trouble.value ? "This page does not open" : "Opening the page of your call\u2026"}</h2>
        <p>{trouble.value ? "A phone call goes on without it." : "This takes about a second."}</p>
      </div>
      <Trouble />
    </section>
  );
}

export function Footer() {
  return (
    <footer class="dock">
      <p class="ended">{foot()}</p>
    </footer>
  );
}

function foot() {
  if (phase.value !== "over") {
    return <span>You talk on the phone. This page shows what you talk about, until you hang up.</span>;
  }
  if (trouble.value) return <strong>{trouble.value.title}</strong>;
  return (
    <>
      <strong>The call is over.</strong>
      <span> What is here stays readable until you close this page.</span>
    </>
  );
}

/** Whether what is here can only be read any more. */
export function onlyReading(): boolean {
  return beside.value && phase.value === "over";
}

