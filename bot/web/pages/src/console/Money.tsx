import { useMemo } from "preact/hooks";

import type { MoneyPage } from "../messages";
import { Chart, type Series } from "./Chart";
import { Figure } from "./Now";
import { useRead } from "./data";
import { count, dollars } from "./format";

const COLOURS = ["--accent", "--amber", "--turn", "--stt"];

export function Money() {
  const { data, trouble } = useRead<MoneyPage>(() => "money?days=30");
  const page = data.value;
  return (
    <>
      <h1>Money</h1>
      {page ? <Shown page={page} /> : <p class="empty">{trouble.value || "Reading …"}</p>}
    </>
  );
}

function Shown({ page }: { page: MoneyPage }) {
  const days = useMemo(() => [...new Set(page.days.map((each) => each.day))].sort(), [page]);
  const modes = useMemo(() => [...new Set(page.days.map((each) => each.mode))].sort(), [page]);
  const times = useMemo(() => days.map((day) => Date.parse(`${day}T12:00:00Z`) / 1000), [days]);
  const series = useMemo<Series[]>(
    () =>
      modes.map((mode, at) => ({
        name: mode,
        colour: COLOURS[at % COLOURS.length] ?? "--accent",
        values: days.map(
          (day) =>
            page.days.find((each) => each.day === day && each.mode === mode)?.minutes ?? null,
        ),
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
          name="Estimated per minute"
          value={priced && page.minutes > 0 ? dollars(page.dollars / page.minutes) : "not known"}
        />
        <Figure name="Margin" value="not known" />
      </dl>
      <div class="banner" role="note">
        {page.missing.map((each) => (
          <p key={each}>{each}</p>
        ))}
      </div>
      {page.days.length ? (
        <>
          <section class="card wide" aria-label="Minutes a day">
            <h2>Minutes a day, by mode</h2>
            <Chart
              times={times}
              series={series}
              show={(value) => count(Math.round(value))}
              label="Minutes a day, by mode"
            />
          </section>
          <Days page={page} priced={priced} />
        </>
      ) : (
        <p class="empty">No call has ended in the last 30 days.</p>
      )}
    </>
  );
}

function Days({ page, priced }: { page: MoneyPage; priced: boolean }) {
  return (
    <section class="card wide" aria-label="Day by day">
      <h2>Day by day</h2>
      <div class="scroll tall" tabIndex={0} role="group" aria-label="Table of days">
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col" class="text">
                Mode
              </th>
              <th scope="col">Calls</th>
              <th scope="col">Minutes</th>
              <th scope="col">Estimated cost</th>
            </tr>
          </thead>
          <tbody>
            {page.days.map((each) => (
              <tr key={each.day + each.mode}>
                <th scope="row">{each.day}</th>
                <td class="text">{each.mode}</td>
                <td>{count(each.calls)}</td>
                <td>{each.minutes.toFixed(1)}</td>
                <td>{priced && each.mode in page.prices ? dollars(each.dollars) : "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
