import type { LiveLine } from "../messages";
import { full, span } from "./format";

const NAMES: Record<string, string> = { caller: "Caller", bot: "Bot", "": "" };
const WHATS: Record<string, string> = { dtmf: "keys", notice: "aside", whisper: "You whispered" };

interface Props {
  lines: readonly LiveLine[];
  /** When the call began: lines show how far into it they were. */
  since: string;
  /** The key of the line that sounds just now. */
  sounding?: string;
  seek?: (line: LiveLine) => void;
}

/** What was said and done, in order. Everything is text, whoever said it. */
export function Lines({ lines, since, sounding, seek }: Props) {
  const shown = lines.filter((line) => line.what !== "times");
  if (!shown.length) return <p class="quiet">Nothing was said yet.</p>;
  return (
    <ol class="lines">
      {shown.map((line) => (
        <li
          key={line.key}
          data-speaker={line.speaker || line.what}
          data-final={line.final}
          data-sounding={line.key === sounding}
          aria-current={line.key === sounding ? "true" : undefined}
        >
          <header>
            <b>{line.speaker ? NAMES[line.speaker] : (WHATS[line.what] ?? "Event")}</b>
            {line.speaker && WHATS[line.what] && <small>{WHATS[line.what]}</small>}
            {seek && line.speaker ? (
              <button class="plain" onClick={() => seek(line)}>
                <span class="unseen">Play from </span>
                {span(since, line.at)}
              </button>
            ) : (
              <time title={full(line.at)}>{span(since, line.at)}</time>
            )}
          </header>
          <p>
            {line.text}
            {line.unheard && (
              <>
                {line.text && " "}
                <s title="The caller broke in and did not hear this">{line.unheard}</s>
              </>
            )}
          </p>
        </li>
      ))}
    </ol>
  );
}
