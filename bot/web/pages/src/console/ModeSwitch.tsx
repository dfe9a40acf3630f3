import { useSignal } from "@preact/signals";

import type { ModePage, ModeRow, SwitchMode } from "../messages";
import { ms } from "./format";

type When = SwitchMode["when"];
const WHENS: readonly (readonly [When, string])[] = [
  ["now", "Now, for new calls"],
  ["idle", "When nobody is on the line"],
  ["grace", "After a grace of"],
];

export interface Part {
  page: ModePage;
  change: (path: string, body: object) => Promise<boolean>;
}

const lately = (row: ModeRow): string =>
  row.wait_ms < 0 ? "No call in the last 24 hours" : `${ms(row.wait_ms)} to answer lately`;

/** Which mode new calls get, and from when on. */
export function Switch({ page, change }: Part) {
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
                <b>{each.name}</b>
                {each.title !== each.name && <small>{each.title}</small>}
                <small>{each.lacks || each.down || lately(each)}</small>
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
            Switch to {mode.value}
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

/** A share of the callers for each mode. */
export function Rollout({ page, change }: Part) {
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
          <span>{row.name}</span>
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
