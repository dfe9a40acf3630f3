import { useSignal } from "@preact/signals";

import type { ModePage, ModeRow, ModeRule } from "../messages";
import { type Part, Rollout, Switch } from "./ModeSwitch";
import { TableCard } from "./Table";
import { order } from "./api";
import { useRead } from "./data";
import { count, dollars, ms, when } from "./format";
import { modesMark } from "./live";

const COLUMNS = [
  "Mode",
  "Live",
  "Calls",
  "p50",
  "p95",
  "Failed",
  "Early hang-ups",
  "Est. $/min",
  " Lacks",
];

/** The switch, the rollout, the modes side by side, and who changed what. */
export function Mode() {
  const { data, trouble } = useRead<ModePage>(() => {
    void modesMark.value; // read anew when another operator, or a switch that waited, changes it
    return "modes";
  });
  const said = useSignal("");
  const bad = useSignal(false);

  async function change(path: string, body: object): Promise<boolean> {
    try {
      data.value = await order<ModePage>(`modes/${path}`, body);
      said.value = "Done. Calls that are live keep their mode.";
      bad.value = false;
      return true;
    } catch (error) {
      said.value = (error as Error).message;
      bad.value = true;
      return false;
    }
  }

  const page = data.value;
  if (!page) return <p class="empty">{trouble.value || "Reading …"}</p>;
  return (
    <>
      <h1>Mode</h1>
      {page.unavailable && <p class="banner">{page.unavailable}</p>}
      <p class={bad.value ? "banner bad" : "quiet"} role="status">
        {said.value}
      </p>
      {page.rows.length > 0 && (
        <>
          <div class="columns">
            <Switch page={page} change={change} />
            <div>
              <Rollout
                key={String(page.rows.map((row) => row.share))}
                page={page}
                change={change}
              />
              <Rules page={page} change={change} />
              <Own page={page} change={change} />
            </div>
          </div>
          <SideBySide rows={page.rows} mode={page.mode} />
          <Reasons page={page} />
          <Log page={page} />
        </>
      )}
    </>
  );
}

function SideBySide({ rows, mode }: { rows: readonly ModeRow[]; mode: string }) {
  return (
    <TableCard title="Side by side, last 24 hours" label="Table of modes" columns={COLUMNS} long>
      {rows.map((row) => (
        <tr key={row.name}>
          <th scope="row">
            {row.name} {row.name === mode && <span class="tag">new calls</span>}
          </th>
          <td>{count(row.live)}</td>
          <td>{count(row.calls)}</td>
          <td>{ms(row.wait_ms)}</td>
          <td>{ms(row.wait_ms_p95)}</td>
          <td data-bad={row.errors > 0}>{count(row.errors)}</td>
          <td>{count(row.hang_ups)}</td>
          <td>{dollars(row.dollars_per_minute)}</td>
          <td class="text">{row.lacks || row.down || "nothing"}</td>
        </tr>
      ))}
    </TableCard>
  );
}

/** The rules of config.json, each with a switch. */
function Rules({ page, change }: Part) {
  return (
    <section class="card" aria-label="Automatic rules">
      <h2>Automatic rules</h2>
      <p class="quiet">
        They stand in config.json, which is read anew when it is saved. They come before the
        operator’s mode, and behind a rollout and a number’s own mode.
      </p>
      {page.rules.length ? (
        <ul class="rules">
          {page.rules.map((rule) => (
            <li key={rule.id}>
              <Rule rule={rule} page={page} change={change} />
            </li>
          ))}
        </ul>
      ) : (
        <p class="quiet">There are none.</p>
      )}
    </section>
  );
}

function Rule({ rule, page, change }: Part & { rule: ModeRule }) {
  const lacks = page.rows.find((row) => row.name === rule.use)?.lacks;
  return (
    <label data-on={rule.on}>
      <input
        type="checkbox"
        role="switch"
        checked={rule.on}
        onChange={(event) => {
          const box = event.currentTarget;
          void change("rule", { rule: rule.id, on: box.checked }).then((done) => {
            if (!done) box.checked = rule.on;
          });
        }}
      />
      <span>
        <b>{rule.use}</b>
        <small>{rule.when}</small>
        {lacks && <small>Passed over: {rule.use} {lacks}</small>}
      </span>
    </label>
  );
}

function Reasons({ page }: { page: ModePage }) {
  if (!page.reasons.length) return null;
  return (
    <TableCard
      title="Why calls got their mode, last 24 hours"
      label="Table of reasons"
      columns={["Why", " Mode", "Calls"]}
    >
      {page.reasons.map((each) => (
        <tr key={each.mode + each.reason}>
          <th scope="row">{each.reason}</th>
          <td class="text">{each.mode}</td>
          <td>{count(each.calls)}</td>
        </tr>
      ))}
    </TableCard>
  );
}

function Own({ page, change }: Part) {
  const number = useSignal("");
  const mode = useSignal("");
  const numbers = Object.entries(page.own);
  return (
    <section class="card grows" aria-label="Numbers with a mode of their own">
      <h2>Numbers with a mode of their own</h2>
      <ul class="plain-list">
        {numbers.map(([each, name]) => (
          <li key={each}>
            {each} <span class="tag">{name}</span>{" "}
            <button class="plain" onClick={() => void change("own", { number: each, mode: "" })}>
              Take back<span class="unseen"> for {each}</span>
            </button>
          </li>
        ))}
      </ul>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const body = { number: number.value, mode: mode.value };
          void change("own", body).then((done) => done && (number.value = ""));
        }}
      >
        <input
          aria-label="Number"
          placeholder="+15551234567"
          required
          pattern="\+[1-9][0-9]{1,14}"
          value={number.value}
          onInput={(event) => (number.value = event.currentTarget.value)}
        />
        <select
          aria-label="Its mode"
          required
          value={mode.value}
          onChange={(event) => (mode.value = event.currentTarget.value)}
        >
          <option value="">Mode</option>
          {page.rows
            .filter((row) => !row.lacks)
            .map((row) => (
              <option key={row.name} value={row.name}>
                {row.name}
              </option>
            ))}
        </select>
        <button class="button">Set</button>
      </form>
    </section>
  );
}

function Log({ page }: { page: ModePage }) {
  if (!page.changes.length) return <p class="quiet">Nobody has changed anything yet.</p>;
  return (
    <TableCard
      title="Changes"
      label="Table of changes"
      columns={["When", " Who", " What", " From", " To"]}
    >
      {page.changes.map((change) => (
        <tr key={change.at + change.what}>
          <td>{when(change.at)}</td>
          <td class="text">{change.who}</td>
          <td class="text">{change.what}</td>
          <td class="text">{change.before}</td>
          <td class="text">{change.after}</td>
        </tr>
      ))}
    </TableCard>
  );
}
