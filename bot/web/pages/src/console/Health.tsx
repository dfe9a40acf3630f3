import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import type { HealthPage, SpreadMs } from "../messages";
import { Breakers } from "./Breakers";
import { Chart, type Series } from "./Chart";
import { Figure } from "./Now";
import { Table, TableCard } from "./Table";
import { NAMES, WHOLE } from "./Waterfall";
import { useRead } from "./data";
import { count, ms, when } from "./format";

const SPANS = [
  ["1", "Last hour"],
  ["24", "Last day"],
  ["168", "Last week"],
  ["720", "Last 30 days"],
] as const;
const PARTS = ["p50", "p95", "p99"] as const;
const STAGES = [WHOLE, "vad", "stt", "turn", "llm", "clause", "tts", "sent"];

export function Health() {
  const hours = useSignal("24");
  const stage = useSignal(WHOLE);
  const { data, trouble } = useRead<HealthPage>(() => `health?hours=${hours.value}`);
  const page = data.value;
  return (
    <>
      <h1>Health</h1>
      <div class="tabs" role="group" aria-label="Time">
        {SPANS.map(([value, name]) => (
          <button
            key={value}
            class="tool"
            aria-pressed={hours.value === value}
            onClick={() => (hours.value = value)}
          >
            {name}
          </button>
        ))}
      </div>
      {page ? (
        <Shown page={page} stage={stage.value} choose={(each) => (stage.value = each)} />
      ) : (
        <p class="empty">{trouble.value || "Reading …"}</p>
      )}
    </>
  );
}

function Shown(props: { page: HealthPage; stage: string; choose: (stage: string) => void }) {
  const { page, stage, choose } = props;
  const times = useMemo(() => page.slices.map((each) => Date.parse(each.at) / 1000), [page]);
  const waits = useMemo<Series[]>(
    () =>
      PARTS.map((part) => ({
        name: part,
        colour: `--${part}`,
        values: page.slices.map((each) => {
          const found = each.stages[stage];
          return found?.count ? found[part] / 1000 : null;
        }),
      })),
    [page, stage],
  );
  const calls = useMemo<Series[]>(
    () => [
      { name: "Calls", colour: "--accent", values: page.slices.map((each) => each.calls) },
      { name: "Errors", colour: "--red", values: page.slices.map((each) => each.errors) },
    ],
    [page],
  );
  const whole = page.stages[WHOLE];
  return (
    <>
      <dl class="strip">
        <Figure name="Calls" value={count(page.calls)} />
        <Figure name="Half answered within" value={whole ? ms(whole.p50) : "–"} />
        <Figure name="95 of 100 within" value={whole ? ms(whole.p95) : "–"} />
        <Figure name="Uptime" value={`${(100 * page.uptime).toFixed(2)} %`} />
      </dl>
      <Breakers all={page.breakers} />
      {page.calls === 0 ? (
        <p class="empty">No call has ended in this time.</p>
      ) : (
        <>
          <section class="card wide" aria-label="Latency">
            <h2>{stage === WHOLE ? "From the caller’s last sound to the bot’s first" : NAMES[stage]}</h2>
            <Chart
              times={times}
              series={waits}
              show={(value) => `${Number(value.toFixed(2))} s`}
              label="Latency over time"
            />
            <Stages all={page.stages} stage={stage} choose={choose} />
          </section>
          <section class="card wide" aria-label="Calls and errors">
            <h2>Calls and errors</h2>
            <Chart
              times={times}
              series={calls}
              bars
              show={(value) => (Number.isInteger(value) ? String(value) : "")}
              height={150}
              label="Calls and errors over time"
            />
          </section>
        </>
      )}
      <Errors page={page} />
      <History page={page} />
      {page.missing.map((each) => (
        <p class="quiet" key={each}>
          {each}
        </p>
      ))}
    </>
  );
}

function Stages(props: {
  all: Partial<Record<string, SpreadMs>>;
  stage: string;
  choose: (stage: string) => void;
}) {
  return (
    <Table label="Table of stages" columns={["Stage", "Turns", "p50", "p95", "p99"]}>
      {STAGES.map((name) => {
        const found = props.all[name];
        return (
          found && (
            <tr key={name} data-on={name === props.stage}>
              <th scope="row">
                <button
                  class="plain"
                  aria-pressed={name === props.stage}
                  onClick={() => props.choose(name)}
                >
                  {name === WHOLE ? "Whole wait" : NAMES[name]}
                </button>
              </th>
              <td>{count(found.count)}</td>
              <td>{ms(found.p50)}</td>
              <td>{ms(found.p95)}</td>
              <td>{ms(found.p99)}</td>
            </tr>
          )
        );
      })}
    </Table>
  );
}

function Errors({ page }: { page: HealthPage }) {
  if (!page.errors.length) return null;
  return (
    <TableCard
      title="Errors by provider"
      label="Table of errors"
      columns={["What", " Provider", "How often"]}
    >
      {page.errors.map((each) => (
        <tr key={each.kind + each.provider}>
          <th scope="row">{each.kind}</th>
          <td class="text">{each.provider || "–"}</td>
          <td>{count(each.count)}</td>
        </tr>
      ))}
    </TableCard>
  );
}

function History({ page }: { page: HealthPage }) {
  if (!page.history.length) return null;
  return (
    <TableCard
      title="What happened to providers"
      label="Table of providers’ breakers"
      columns={["When", " What"]}
      tall
    >
      {page.history.map((each) => (
        <tr key={each.at + each.text}>
          <th scope="row">{when(each.at)}</th>
          <td class="text">{each.text}</td>
        </tr>
      ))}
    </TableCard>
  );
}
