import { useSignal } from "@preact/signals";

import type { ModePage, ModeRow, SwitchMode } from "../messages";
import { order } from "./api";
import { useRead } from "./data";
import { count, dollars, ms, when } from "./format";

type When = SwitchMode["when"];
const WHENS: readonly (readonly [When, string])[] = [
  ["now", "Now, for new calls"],
  ["idle", "When nobody is on the line"],
  ["grace", "After a grace of"],
];

/** The switch, the rollout, the modes side by side, and who changed what. */
export function Mode() {
  const { data, trouble } = useRead<ModePage>(() => "modes");
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
            <Rollout key={String(page.rows.map((row) => row.share))} page={page} change={change} />
          </div>
          <SideBySide rows={page.rows} mode={page.mode} />
          <div class="columns">
            <Own page={page} change={change} />
            <section class="card" aria-label="Rules">
              <h2>Automatic rules</h2>
              <p class="quiet">They stand in config.json and come before the operator’s mode.</p>
              {page.rules.length ? (
                <ul class="plain-list">
                  {page.rules.map((rule) => (
                    <li key={rule}>{rule}</li>
                  ))}
                </ul>
              ) : (
                <p class="quiet">There are none.</p>
              )}
            </section>
          </div>
          <Log page={page} />
        </>
      )}
    </>
  );
}

interface Part {
  page: ModePage;
  change: (path: string, body: object) => Promise<boolean>;
}

function Switch({ page, change }: Part) {
  const mode = useSignal(page.mode);
  const at = useSignal<When>("now");
  const minutes = useSignal(5);
  const force = useSignal(false);
  const row = page.rows.find((each) => each.name === mode.value);
  return (
    <section class="card" aria-label="Switch">
      <h2>
        New calls get <b class="tag">{page.mode}</b>
      </h2>
      <p class="quiet">{page.chosen ? "An operator chose it." : "The settings say so."}</p>
      {page.pending && <p class="banner">Waiting: {page.pending}</p>}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const seconds = at.value === "grace" ? minutes.value * 60 : 0;
          void change("switch", {
            mode: mode.value,
            when: at.value,
            seconds,
            force: force.value,
          });
        }}
      >
        <fieldset class="choices">
          <legend class="unseen">Mode</legend>
          {page.rows.map((each) => (
            <label key={each.name} data-lacks={Boolean(each.lacks)}>
              <input
                type="radio"
                name="mode"
                checked={mode.value === each.name}
                disabled={Boolean(each.lacks)}
                onChange={() => (mode.value = each.name)}
              />
              <span>
                <b>{each.title}</b>
                <small>{each.lacks || each.down || `${ms(each.wait_ms)} to answer lately`}</small>
              </span>
            </label>
          ))}
        </fieldset>
        <fieldset class="choices small">
          <legend class="unseen">When</legend>
          {WHENS.map(([value, name]) => (
            <label key={value}>
              <input
                type="radio"
                name="when"
                checked={at.value === value}
                onChange={() => (at.value = value)}
              />
              <span>{name}</span>
              {value === "grace" && (
                <>
                  <input
                    type="number"
                    min="1"
                    max="1440"
                    aria-label="Minutes of grace"
                    value={minutes.value}
                    onInput={(event) => (minutes.value = event.currentTarget.valueAsNumber || 1)}
                  />
                  <span>minutes</span>
                </>
              )}
            </label>
          ))}
          <label>
            <input
              type="checkbox"
              checked={force.value}
              onChange={(event) => (force.value = event.currentTarget.checked)}
            />
            <span>Even if its health check fails</span>
          </label>
        </fieldset>
        <div class="row">
          <button class="button" disabled={Boolean(row?.lacks)}>
            Switch to {row?.title ?? mode.value}
          </button>
          {page.chosen && (
            <button
              type="button"
              class="tool"
              onClick={() => void change("switch", { mode: "", when: "now" })}
            >
              Back to the settings’ own
            </button>
          )}
        </div>
      </form>
    </section>
  );
}

function Rollout({ page, change }: Part) {
  const shares = useSignal<Record<string, number>>(
    Object.fromEntries(page.rows.map((row) => [row.name, row.share])),
  );
  const total = Object.values(shares.value).reduce((sum, each) => sum + each, 0);
  return (
    <section class="card" aria-label="Rollout">
      <h2>Rollout</h2>
      <p class="quiet">
        A share of the callers for a mode; a caller keeps it from call to call. The rest get{" "}
        {page.mode}.
      </p>
      {page.rows.map((row) => (
        <label class="slider" key={row.name} data-lacks={Boolean(row.lacks)}>
          <span>{row.title}</span>
          <input
            type="range"
            min="0"
            max="100"
            step="1"
            disabled={Boolean(row.lacks)}
            value={shares.value[row.name] ?? 0}
            onInput={(event) =>
              (shares.value = {
                ...shares.value,
                [row.name]: event.currentTarget.valueAsNumber,
              })
            }
          />
          <output>{shares.value[row.name] ?? 0} %</output>
        </label>
      ))}
      {total > 100 && <p class="banner bad">The shares come to {total} %.</p>}
      <button
        class="button"
        disabled={total > 100}
        onClick={() => {
          const wanted = Object.entries(shares.value).filter(([, share]) => share > 0);
          void change("rollout", { shares: Object.fromEntries(wanted) });
        }}
      >
        Set the rollout
      </button>
    </section>
  );
}

function SideBySide({ rows, mode }: { rows: readonly ModeRow[]; mode: string }) {
  return (
    <section class="card wide" aria-label="Side by side">
      <h2>Side by side, last 24 hours</h2>
      <div class="scroll" tabIndex={0} role="group" aria-label="Table of modes">
        <table>
          <thead>
            <tr>
              <th scope="col">Mode</th>
              <th scope="col">Live</th>
              <th scope="col">Calls</th>
              <th scope="col">p50</th>
              <th scope="col">p95</th>
              <th scope="col">Failed</th>
              <th scope="col">Early hang-ups</th>
              <th scope="col">Est. $/min</th>
              <th scope="col" class="text">
                Lacks
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <th scope="row">
                  {row.title} {row.name === mode && <span class="tag">new calls</span>}
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
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Own({ page, change }: Part) {
  const number = useSignal("");
  const mode = useSignal("");
  const numbers = Object.entries(page.own);
  return (
    <section class="card" aria-label="Numbers with a mode of their own">
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
  return (
    <section class="card wide" aria-label="Changes">
      <h2>Changes</h2>
      {page.changes.length ? (
        <div class="scroll" tabIndex={0} role="group" aria-label="Table of changes">
          <table>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col" class="text">
                  Who
                </th>
                <th scope="col" class="text">
                  What
                </th>
                <th scope="col" class="text">
                  From
                </th>
                <th scope="col" class="text">
                  To
                </th>
              </tr>
            </thead>
            <tbody>
              {page.changes.map((change) => (
                <tr key={change.at + change.what}>
                  <td>{when(change.at)}</td>
                  <td class="text">{change.who}</td>
                  <td class="text">{change.what}</td>
                  <td class="text">{change.before}</td>
                  <td class="text">{change.after}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <p class="quiet">Nobody has changed anything yet.</p>
      )}
    </section>
  );
}
