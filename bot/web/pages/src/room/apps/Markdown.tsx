// Markdown as people and models write it in notes, made of elements: there is no HTML on the way.
import type { ComponentChildren, VNode } from "preact";

export function Markdown({ text }: { text: string }) {
  return <div class="markdown">{blocks(text)}</div>;
}

const ITEM = /^\s*(?:[-*•]|\d+[.)])\s+(.*)$/;
const HEADING = /^(#{1,6})\s+(.*)$/;
const QUOTE = /^\s*>\s?(.*)$/;
const MARKS = [ITEM, HEADING, QUOTE];

function blocks(text: string): VNode[] {
  const found: VNode[] = [];
  const lines = text.replace(/\r/g, "").split("\n");
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? "";
    const heading = HEADING.exec(line);
    if (!line.trim()) {
      at += 1;
    } else if (heading) {
      found.push(<Heading level={heading[1]?.length ?? 1}>{spans(heading[2] ?? "")}</Heading>);
      at += 1;
    } else if (ITEM.test(line)) {
      const from = at;
      while (ITEM.test(lines[at] ?? "")) at += 1;
      const items = lines.slice(from, at).map((item) => <li>{spans(ITEM.exec(item)?.[1] ?? "")}</li>);
      found.push(/^\s*\d/.test(line) ? <ol>{items}</ol> : <ul>{items}</ul>);
    } else if (QUOTE.test(line)) {
      const from = at;
      while (QUOTE.test(lines[at] ?? "")) at += 1;
      const quoted = lines.slice(from, at).map((one) => QUOTE.exec(one)?.[1] ?? "");
      found.push(<blockquote>{spans(quoted.join("\n"))}</blockquote>);
    } else {
      const from = at;
      while (lines[at]?.trim() && !MARKS.some((mark) => mark.test(lines[at] ?? ""))) at += 1;
      found.push(<p>{spans(lines.slice(from, at).join("\n"))}</p>);
    }
  }
  return found;
}

function Heading({ level, children }: { level: number; children: ComponentChildren }) {
  if (level === 1) return <h3>{children}</h3>;
  return level === 2 ? <h4>{children}</h4> : <h5>{children}</h5>;
}

const MARKED = /\*\*([^*\n]+)\*\*|\*([^*\n]+)\*|`([^`\n]+)`/g;

function spans(text: string): ComponentChildren {
  const parts: ComponentChildren[] = [];
  let from = 0;
  for (const found of text.matchAll(MARKED)) {
    parts.push(text.slice(from, found.index));
    if (found[1]) parts.push(<strong>{found[1]}</strong>);
    else if (found[2]) parts.push(<em>{found[2]}</em>);
    else parts.push(<code>{found[3]}</code>);
    from = found.index + found[0].length;
  }
  return [...parts, text.slice(from)];
}
