// The canvas: a text, an article, a table, a chart or a picture.
import { useState } from "preact/hooks";

import type { CanvasChart, CanvasImage, CanvasTable } from "../../messages";
import { can } from "../state";
import { Markdown } from "./Markdown";
import { canvas } from "./canvas";

export function Canvas() {
  const content = canvas.value;
  if (!content) {
    const ask = can("canvas") ? " Ask for a table, a chart or a text." : "";
    return <p class="blank">Nothing is on the canvas.{ask}</p>;
  }
  return (
    <div class="canvas" data-canvas={content.command}>
      {content.payload.title ? <h3 class="canvas-title">{content.payload.title}</h3> : null}
      {content.command === "canvas.text" ? (
        <article class={content.payload.kind}>
          <Markdown text={withoutTitle(content.payload.text, content.payload.title)} />
        </article>
      ) : content.command === "canvas.table" ? (
        <Table {...content.payload} />
      ) : content.command === "canvas.chart" ? (
        <Chart {...content.payload} />
      ) : (
        <Picture key={content.payload.url} {...content.payload} />
      )}
    </div>
  );
}

/** The text without a first heading that says once more what stands above it. */
function withoutTitle(text: string, title: string): string {
  const [first = "", ...rest] = text.trimStart().split("\n");
  const heading = /^#{1,6}\s+(.*?)[\s#]*$/.exec(first)?.[1] ?? "";
  return heading && heading.toLowerCase() === title.trim().toLowerCase() ? rest.join("\n") : text;
}

function Table({ head, rows, title }: CanvasTable) {
  const numeric = head.map((_, column) => rows.every((row) => /^[-+]?[\d.,\s]*\d\s?%?$/.test(row[column] ?? "")));
  return (
    <div class="scroll" tabindex={0} role="region" aria-label={title || "Table"}>
      <table>
        <thead>
          <tr>
            {head.map((cell, column) => (
              <th scope="col" class={numeric[column] ? "number" : ""}>
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {head.map((_, column) => (
                <td class={numeric[column] ? "number" : ""}>{row[column] ?? ""}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Horizontal bars: labels of any length stay readable. Negative ones go to the left. */
function Chart({ labels, values, title }: CanvasChart) {
  const most = Math.max(0, ...values);
  const least = Math.min(0, ...values);
  const span = most - least || 1;
  const zero = (-least / span) * 100;
  return (
    <table class="chart" aria-label={title || "Bar chart"}>
      <tbody>
        {labels.map((label, index) => {
          const value = values[index] ?? 0;
          const from = value < 0 ? zero + (value / span) * 100 : zero;
          return (
            <tr>
              <th scope="row">{label}</th>
              <td class="bar-cell">
                <svg width="100%" height="22" aria-hidden="true" focusable="false">
                  <rect
                    class={value < 0 ? "bar-less" : "bar-more"}
                    x={`${from}%`}
                    width={`${Math.max(0.4, (Math.abs(value) / span) * 100)}%`}
                    y="2"
                    height="18"
                    rx="4"
                  />
                </svg>
              </td>
              <td class="number">{value.toLocaleString("en")}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Loaded only on a click: its address comes from the model, and would tell its host who looks. */
function Picture({ url, title }: CanvasImage) {
  const [state, setState] = useState<"waiting" | "shown" | "broken">("waiting");
  const host = hostOf(url);
  if (state === "shown") {
    return (
      <img
        src={url}
        alt={title || `Picture from ${host}`}
        referrerpolicy="no-referrer"
        onError={() => setState("broken")}
      />
    );
  }
  return (
    <div class="blank">
      <p>{state === "broken" ? `${host} did not give the picture.` : `A picture from ${host}.`}</p>
      <button type="button" class="button" onClick={() => setState("shown")}>
        {state === "broken" ? "Try again" : "Load the picture"}
      </button>
    </div>
  );
}

function hostOf(url: string): string {
  try {
    return new URL(url).hostname;
  } catch {
    return "an unknown place";
  }
}
