import { useSignal } from "@preact/signals";

import type { Done, ProviderTested, SettingRow, SetUpPage } from "../messages";
import { Facts } from "./Facts";
import { order, session, signOut } from "./api";
import { useRead } from "./data";
import { ms } from "./format";

export function SetUp() {
  const { data, trouble } = useRead<SetUpPage>(() => "setup");
  const page = data.value;
  if (!page) return <p class="empty">{trouble.value || "Reading …"}</p>;
  const secrets = Object.entries(page.secrets);
  return (
    <>
      <h1>Set-up</h1>
      <ul class="parts">
        {page.rows.map((row) => (
          <Part key={row.part} row={row} />
        ))}
      </ul>
      {page.notes.length > 0 && (
        <section class="card wide" aria-label="Notes">
          <h2>Worth knowing</h2>
          <ul class="plain-list">
            {page.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </section>
      )}
      <div class="columns">
        <CallMyPhone why={page.callable} />
        <section class="card" aria-label="Secrets">
          <h2>Secrets that are set</h2>
          {secrets.length ? (
            <Facts all={secrets} />
          ) : (
            <p class="quiet">None.</p>
          )}
        </section>
      </div>
      <p class="quiet">
        Settings stand in .env; <code>python runner.py --check</code> prints this page.
      </p>
      {session.value?.state === "signed_in" && (
        <p>
          <button class="tool" onClick={() => void signOut()}>
            Sign out
          </button>
        </p>
      )}
    </>
  );
}

function Part({ row }: { row: SettingRow }) {
  const found = useSignal<ProviderTested | null>(null);
  const busy = useSignal(false);

  async function test() {
    busy.value = true;
    try {
      found.value = await order<ProviderTested>("setup/test", { part: row.test });
    } catch (error) {
      found.value = { ok: false, message: (error as Error).message, ms: 0 };
    }
    busy.value = false;
  }

  return (
    <li class="card">
      <header>
        <h2>{row.part}</h2>
        {row.test && (
          <button class="tool" disabled={busy.value} onClick={() => void test()}>
            {busy.value ? "Testing …" : "Test"}
            <span class="unseen"> {row.part}</span>
          </button>
        )}
      </header>
      <p>
        <b>{row.uses}</b>
      </p>
      <p class="quiet">{row.why}</p>
      {row.missing && <p class="lacks">Missing: {row.missing}</p>}
      <p class="result" role="status" data-ok={found.value?.ok}>
        {found.value && `${found.value.message} (${ms(found.value.ms)})`}
      </p>
    </li>
  );
}

function CallMyPhone({ why }: { why: string }) {
  const number = useSignal("");
  const said = useSignal("");
  return (
    <section class="card" aria-label="Call my phone">
      <h2>Call my phone</h2>
      {why ? (
        <p class="quiet">{why}</p>
      ) : (
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            order<Done>("setup/call", { to: number.value }).then(
              (done) => (said.value = done.message),
              (error: unknown) => (said.value = (error as Error).message),
            );
          }}
        >
          <input
            type="tel"
            aria-label="Your number"
            placeholder="+15551234567"
            required
            pattern="\+[1-9][0-9]{6,14}"
            value={number.value}
            onInput={(event) => (number.value = event.currentTarget.value)}
          />
          <button class="button">Call</button>
        </form>
      )}
      <p class="quiet" role="status">
        {said.value}
      </p>
    </section>
  );
}
