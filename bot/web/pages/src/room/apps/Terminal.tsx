// What page and server say to each other, as it happens.
import { useEffect, useRef } from "preact/hooks";

import { log } from "../state";

export function Terminal() {
  const end = useRef<HTMLDivElement>(null);
  const lines = log.value;
  useEffect(() => end.current?.scrollIntoView({ block: "nearest" }), [lines]);
  return (
    <div class="terminal scroll" tabindex={0} role="region" aria-label="Messages between page and server">
      {lines.length ? null : <p>Messages of a call appear here.</p>}
      {lines.map((line) => (
        <p key={line.number}>
          <time>{new Date(line.at).toISOString().slice(11, 23)}</time>{" "}
          <span aria-label={line.sent ? "sent" : "received"}>{line.sent ? "→" : "←"}</span>{" "}
          <strong>{line.type}</strong> {line.text}
        </p>
      ))}
      <div ref={end} />
    </div>
  );
}
