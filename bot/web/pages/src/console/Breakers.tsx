import type { Breaker } from "../messages";
import { words } from "./format";

/** The providers' circuit breakers; nothing where there are none. */
export function Breakers({ all }: { all: readonly Breaker[] }) {
  if (!all.length) return null;
  return (
    <ul class="breakers" aria-label="Providers">
      {all.map((each) => (
        <li key={each.name} data-state={each.state} title={each.detail}>
          <i class="dot" aria-hidden="true" />
          {each.name} <small>{words(each.state)}</small>
        </li>
      ))}
    </ul>
  );
}
