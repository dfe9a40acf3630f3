import type { ComponentType } from "preact";

import { Logo } from "../ui/icons";
import { Calls } from "./Calls";
import { Health } from "./Health";
import { Mode } from "./Mode";
import { Money } from "./Money";
import { Now } from "./Now";
import { SetUp } from "./SetUp";
import { SignIn } from "./SignIn";
import { session, signOut } from "./api";
import { CallsIcon, HealthIcon, ModeIcon, MoneyIcon, NowIcon, SetupIcon } from "./icons";
import { calls, connected } from "./live";
import { type Place, PLACES, link, place } from "./route";

const SHOWN: Record<Place, { name: string; icon: ComponentType; page: ComponentType }> = {
  now: { name: "Now", icon: NowIcon, page: Now },
  mode: { name: "Mode", icon: ModeIcon, page: Mode },
  calls: { name: "Calls", icon: CallsIcon, page: Calls },
  health: { name: "Health", icon: HealthIcon, page: Health },
  money: { name: "Money", icon: MoneyIcon, page: Money },
  setup: { name: "Set-up", icon: SetupIcon, page: SetUp },
};

function Side() {
  return (
    <nav class="side" aria-label="Console">
      <a class="brand" href={link("now")}>
        <Logo />
        <span>
          {session.value?.bot} <small>console</small>
        </span>
      </a>
      <ul>
        {PLACES.map((each) => {
          const { name, icon: Symbol } = SHOWN[each];
          return (
            <li key={each}>
              <a href={link(each)} aria-current={each === place.value ? "page" : undefined}>
                <Symbol />
                <span>{name}</span>
                {each === "now" && calls.value.size > 0 && (
                  <b class="badge" aria-label={`${calls.value.size} live`}>
                    {calls.value.size}
                  </b>
                )}
              </a>
            </li>
          );
        })}
      </ul>
      <p class="link" data-on={connected.value}>
        <i aria-hidden="true" /> {connected.value ? "Live" : "Reconnecting"}
      </p>
      {session.value?.state === "signed_in" && (
        <button class="plain" onClick={() => void signOut()}>
          Sign out
        </button>
      )}
    </nav>
  );
}

export function App() {
  const state = session.value?.state;
  if (!state) return null;
  if (state === "signed_out" || state === "closed") return <SignIn />;
  const { name, page: Page } = SHOWN[place.value];
  return (
    <div class="console">
      <Side />
      <main aria-label={name}>
        {state === "open" && (
          <p class="banner" role="note">
            {session.value?.message}
          </p>
        )}
        <Page />
      </main>
    </div>
  );
}
