import type { ComponentChildren } from "preact";

import { BackIcon } from "./icons";

interface Props {
  /** Where "back" leads. */
  back: string;
  name: string;
  /** The call has the page to itself. */
  whole?: boolean;
  /** How the call stands, on one line. */
  children: ComponentChildren;
  /** What can be done with it. */
  tools?: ComponentChildren;
}

/** The head of a call's page or panel. */
export function CallHead({ back, name, whole = false, children, tools }: Props) {
  return (
    <header>
      <a class="plain" href={back} aria-label="Back to all calls">
        <BackIcon />
      </a>
      <div>
        {whole ? <h1>{name}</h1> : <h2>{name}</h2>}
        <p>{children}</p>
      </div>
      {tools}
    </header>
  );
}
