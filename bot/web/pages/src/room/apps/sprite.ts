// A small figure, drawn from a few words: kinds and colours are read from them, the rest is chance
// with the words as its seed. The same words give the same figure.
import { signal } from "@preact/signals";

import { type Done, done, failed } from "../desktop/windows";
import { chance } from "./loops";
import { KINDS, WORDS } from "./figures";

export interface Sprite {
  prompt: string;
  /** Squares of a 16 by 16 grid, by colour. */
  cells: readonly { colour: string; path: string }[];
  scale: number;
}
export const sprite = signal<Sprite | null>(null);

const COLOURS: Record<string, string> = {
  red: "#d64545", crimson: "#b3203c", orange: "#ee8434", yellow: "#f2c230", gold: "#e0ac2b",
  golden: "#e0ac2b", green: "#4c9f58", lime: "#8bc34a", teal: "#1f9e93", turquoise: "#30b5b0",
  blue: "#3f74d1", azure: "#4aa3df", purple: "#8a55c7", violet: "#8a55c7", pink: "#e77fb3",
  brown: "#8b5e3c", black: "#3d3f4a", white: "#eef0f2", grey: "#8d95a1", gray: "#8d95a1",
  silver: "#b5bdc8",
};
/** The colour of a figure for which none was named. */
const USUAL: Record<string, string> = {
  cat: "orange", dog: "brown", robot: "silver", ghost: "white", wizard: "purple", knight: "silver",
  dragon: "green", bird: "blue", fish: "orange", tree: "green",
};
const DARK = "#23252e";
const SKIN = ["#f3cfa8", "#d9a273", "#a8724a", "#7a4e30"];

export function summon(prompt: string): Done {
  const words = prompt.toLowerCase().match(/[\p{L}]+/gu) ?? [];
  const named = words.map((word) => WORDS[word] ?? WORDS[word.replace(/s$/, "")]).find(Boolean);
  const random = chance(seed(prompt.trim().toLowerCase()));
  const rows = named ? KINDS[named]! : creature(random);
  const scale = words.some((word) => /^(tiny|small|little|mini)$/.test(word))
    ? 0.7
    : words.some((word) => /^(big|huge|giant|large|great)$/.test(word))
      ? 1.5
      : 1;
  sprite.value = { prompt: prompt.trim(), cells: paint(rows, palette(words, named ?? "", random)), scale };
  return done(
    named
      ? `The figure is on the desktop, drawn as a ${named}.`
      : "It is on the desktop, drawn as a small creature: there is no drawing here of just that.",
  );
}

export function dismiss(): Done {
  if (!sprite.value) return failed("there is no figure on the desktop");
  sprite.value = null;
  return done();
}

function seed(text: string): number {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return hash >>> 0;
}

function palette(words: readonly string[], kind: string, random: () => number): Record<string, string> {
  const any = Object.values(COLOURS);
  const named = words.flatMap((word) => COLOURS[word] ?? []);
  const pick = (): string => any[Math.floor(random() * any.length)] ?? DARK;
  const main = named[0] ?? COLOURS[USUAL[kind] ?? ""] ?? pick();
  const second = named[1] ?? shade(main, 0.32);
  return {
    o: main === COLOURS["black"] ? "#15161c" : DARK,
    a: main,
    b: second,
    c: named[2] ?? (kind === "tree" ? COLOURS["brown"]! : kind ? COLOURS["gold"]! : pick()),
    e: main === COLOURS["black"] ? "#f2c230" : DARK,
    s: SKIN[Math.floor(random() * SKIN.length)] ?? SKIN[0]!,
    w: "#f7f4ee",
  };
}

/** Nearer to white by so much. */
function shade(colour: string, share: number): string {
  const part = (at: number): string => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16);
    return Math.round(value + (255 - value) * share).toString(16).padStart(2, "0");
  };
  return `#${part(1)}${part(3)}${part(5)}`;
}

/** Left halves, mirrored, as one path a colour. */
function paint(rows: readonly string[], colours: Record<string, string>): Sprite["cells"] {
  const paths: Record<string, string> = {};
  rows.forEach((row, y) => {
    [...row].forEach((sign, x) => {
      const colour = colours[sign];
      if (colour) paths[colour] = `${paths[colour] ?? ""}M${x} ${y}h1v1h-1zM${15 - x} ${y}h1v1h-1z`;
    });
  });
  return Object.entries(paths).map(([colour, path]) => ({ colour, path }));
}

/** A body of chance: dense in the middle, with an outline and eyes. */
function creature(random: () => number): string[] {
  const body = Array.from({ length: 16 }, (_, y) =>
    Array.from({ length: 8 }, (_, x) => {
      const far = Math.hypot((7.5 - x) / 6.5, (8 - y) / 6.5);
      return far < 0.55 || (far < 1 && random() > far * 0.75);
    }),
  );
  const at = (y: number, x: number): boolean => body[y]?.[Math.min(x, 7)] ?? false;
  const rows = body.map((row, y) =>
    row.map((full, x): string => {
      const beside = at(y - 1, x) || at(y + 1, x) || at(y, x - 1) || (x < 7 && at(y, x + 1));
      if (!full) return beside ? "o" : ".";
      return y > 9 ? "b" : random() > 0.9 ? "c" : "a";
    }),
  );
  for (const [y, x, sign] of [[6, 4, "w"], [6, 5, "w"], [7, 4, "w"], [7, 5, "e"]] as const) {
    rows[y]![x] = sign;
  }
  return rows.map((row) => row.join(""));
}
