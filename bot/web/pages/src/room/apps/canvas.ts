// What lies on the canvas.
import { signal } from "@preact/signals";

import type { UiCommand } from "../../messages";

export type CanvasContent = Extract<
  UiCommand,
  { command: "canvas.text" | "canvas.table" | "canvas.chart" | "canvas.image" }
>;
export const canvas = signal<CanvasContent | null>(null);
