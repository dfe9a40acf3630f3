import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export interface Series {
  name: string;
  /** A custom property of the style sheet: "--p50". */
  colour: string;
  values: readonly (number | null)[];
}

interface Props {
  /** Seconds since the epoch. */
  times: readonly number[];
  series: readonly Series[];
  show: (value: number) => string;
  height?: number;
  bars?: boolean;
  label: string;
}

/** Lines that lie upon each other are told apart by their gaps, and by the size of their points. */
const DASHES = [[], [8, 8], [3, 7], [14, 5, 3, 5]];
const POINTS = [8, 5, 3, 3];
/** Bars that do: the later ones are narrower. */
const BARS: readonly [number, number][] = [
  [0.6, 24],
  [0.3, 12],
];
const rank = <T,>(all: readonly T[], at: number): T => all[at % all.length] as T;

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Lines (or bars) over time. A table beside it says the same to those who do not see it. */
export function Chart({ times, series, show, height = 190, bars = false, label }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const holder = box.current;
    if (!holder) return undefined;
    let plot: uPlot | null = null;
    const draw = () => {
      plot?.destroy();
      plot = new uPlot(
        options(holder, series, show, height, bars),
        [
          times,
          ...series.map(({ values }) => (bars ? values.map((value) => value || null) : values)),
        ] as unknown as uPlot.AlignedData,
        holder,
      );
    };
    draw();
    const watch = new ResizeObserver(() => plot?.setSize({ width: holder.clientWidth, height }));
    watch.observe(holder);
    dark.addEventListener("change", draw);
    return () => {
      dark.removeEventListener("change", draw);
      watch.disconnect();
      plot?.destroy();
    };
  }, [times, series]);
  return (
    <figure class="chart" aria-label={label}>
      <figcaption class="legend">
        {series.map((each, at) => (
          <span key={each.name}>
            {bars ? (
              <i style={{ background: `var(${each.colour})` }} aria-hidden="true" />
            ) : (
              <svg class="stroke" aria-hidden="true" style={{ stroke: `var(${each.colour})` }}>
                <line x1="0" x2="28" y1="5" y2="5" stroke-dasharray={rank(DASHES, at).join(" ")} />
              </svg>
            )}{" "}
            {each.name}
          </span>
        ))}
      </figcaption>
      <div ref={box} />
    </figure>
  );
}

function options(
  holder: HTMLElement,
  series: readonly Series[],
  show: (value: number) => string,
  height: number,
  bars: boolean,
): uPlot.Options {
  const colour = (name: string) => resolved(holder, name);
  const axis = {
    stroke: colour("--ink-2"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
  return {
    width: holder.clientWidth,
    height,
    padding: [8, 26, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    scales: { y: { range: (_, __, top) => [0, Math.max(top * 1.1, bars ? 4 : 0.1)] } },
    axes: [
      { ...axis, size: 28, values: (_, at) => at.map(moment(at)) },
      { ...axis, size: 58, values: (_, splits) => splits.map((each) => show(each)) },
    ],
    series: [
      {},
      ...series.map((each, at) => {
        const line = colour(each.colour);
        return {
          label: each.name,
          stroke: line,
          width: 2,
          spanGaps: true,
          points: {
            show: !bars && each.values.filter((v) => v !== null).length < 40,
            size: series.length > 1 ? rank(POINTS, at) : 5,
            fill: line,
          },
          ...(bars
            ? { fill: line, paths: uPlot.paths.bars?.({ size: rank(BARS, at) }) }
            : { dash: rank(DASHES, at) }),
        } as uPlot.Series;
      }),
    ],
  };
}

const CLOCK = new Intl.DateTimeFormat([], { hour: "numeric", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });

/** The time of day, or the day where there are several. */
function moment(all: readonly number[]): (at: number) => string {
  const span = (all.at(-1) ?? 0) - (all[0] ?? 0);
  const format = span > 2 * 86_400 ? DAY : CLOCK;
  return (at) => format.format(at * 1000);
}

/** A colour as the canvas understands it: it knows neither var() nor light-dark(). */
function resolved(holder: HTMLElement, name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  holder.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
