import { useMemo } from "preact/hooks";

import type { MoneyPage } from "../messages";
import { Chart, type Series } from "./Chart";
import { Figure } from "./Now";
import { TableCard } from "./Table";
import { useRead } from "./data";
import { count, dollars } from "./format";

/** A phone: the note would push the figures off its screen. */
const NARROW = matchMedia("(max-width: 46rem)");
const DAYS = 30;
const DAY_MS = 86_400_000;

/** The days that are shown, the first one first, as the server names them: in UTC. */
function lately(): string[] {
  return Array.from({ length: DAYS }, (_, at) =>
    new Date(Date.now() - (DAYS - 1 - at) * DAY_MS).toISOString().slice(0, 10),
  );
}

const COLOURS = ["--accent", "--amber", "--turn", "--stt"];

export function Money() {
  const { data, trouble } = useRead<MoneyPage>(() => `money?days=${DAYS}`);
  const page = data.value;
  return (
    <>
      <h1>Money</h1>
      {page ? <Shown page={page} /> : <p class="empty">{trouble.value || "Reading …"}</p>}
    </>
  );
}

function Shown({ page }: { page: MoneyPage }) {
  const days = useMemo(lately, [page]);
  const modes = useMemo(() => [...new Set(page.days.map((each) => each.mode))].sort(), [page]);
  const times = useMemo(() => days.map((day) => Date.parse(`${day}T12:00:00Z`) / 1000), [days]);
  const costs = page.dollars > 0;
  const title = costs ? "Estimated cost a day, by mode" : "Minutes a day, by mode";
  const show = (value: number) => (costs ? dollars(value) : count(Number(value.toPrecision(2))));
  const series = useMemo<Series[]>(
    () =>
      modes.map((mode, at) => ({
        name: mode,
        colour: COLOURS[at % COLOURS.length] ?? "--accent",
        values: days.map((day) => {
          const found = page.days.find((each) => each.day === day && each.mode === mode);
          return found ? (costs ? found.dollars : found.minutes) : 0;
        }),
      })),
    [page],
  );
  const priced = Object.keys(page.prices).length > 0;
  return (
    <>
      <dl class="strip">
        <Figure name="Minutes, last 30 days" value={count(Math.round(page.minutes))} />
        <Figure name="Estimated cost" value={priced ? dollars(page.dollars) : "not known"} />
        <Figure
          name="Cost per minute"
          value={priced && page.minutes > 0 ? dollars(page.dollars / page.minutes) : "not known"}
        />
        <Figure name="Margin" value="not known" />
      </dl>
      <details class="banner" open={!NARROW.matches}>
        <summary>Estimates, and what is not known</summary>
        <ul>
          {page.missing.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      </details>
      {page.days.length ? (
        <>
          <section class="card wide" aria-label={title}>
            <h2>{title}</h2>
            <Chart times={times} series={series} show={show} label={title} />
          </section>
          <Modes page={page} />
          <Days page={page} />
        </>
      ) : (
        <p class="empty">No call has ended in the last 30 days.</p>
      )}
    </>
  );
}

function Modes({ page }: { page: MoneyPage }) {
  return (
    <TableCard
      title="By mode"
      label="Table of modes"
      columns={["Mode", "Calls", "Minutes", "Price a minute", "Estimated cost"]}
    >
      {page.modes.map((each) => (
        <tr key={each.mode}>
          <th scope="row">{each.mode}</th>
          <td>{count(each.calls)}</td>
          <td>{each.minutes.toFixed(1)}</td>
          <td>{dollars(each.price)}</td>
          <td>{each.price < 0 ? "–" : dollars(each.dollars)}</td>
        </tr>
      ))}
    </TableCard>
  );
}

function Days({ page }: { page: MoneyPage }) {
  return (
    <TableCard
      title="Day by day"
      label="Table of days"
      columns={["Day", " Mode", "Calls", "Minutes", "Estimated cost"]}
      tall
    >
      {page.days.map((each) => (
        <tr key={each.day + each.mode}>
          <th scope="row">{each.day}</th>
          <td class="text">{each.mode}</td>
          <td>{count(each.calls)}</td>
          <td>{each.minutes.toFixed(1)}</td>
          <td>{each.mode in page.prices ? dollars(each.dollars) : "–"}</td>
        </tr>
      ))}
    </TableCard>
  );
}
