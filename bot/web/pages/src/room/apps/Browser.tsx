import { useState } from "preact/hooks";

import { OutIcon } from "../icons";
import { address, showPage } from "./browser";

export function Browser() {
  const [wrong, setWrong] = useState(false);
  const url = address.value;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget as HTMLFormElement).get("address") ?? "");
    setWrong(!showPage(text).ok);
  };
  return (
    <div class="browser">
      <form class="row" onSubmit={submit}>
        <input key={url} name="address" aria-label="Web address" placeholder="example.com" defaultValue={url} />
        <button type="submit" class="button">
          Go
        </button>
        {url ? (
          <a class="tool" href={url} target="_blank" rel="noopener noreferrer">
            <OutIcon /> In a tab
          </a>
        ) : null}
      </form>
      {wrong ? (
        <p class="warn" role="alert">
          That is no web address.
        </p>
      ) : null}
      {url ? (
        <>
          <iframe
            key={url}
            src={url}
            title={new URL(url).hostname}
            sandbox="allow-scripts allow-forms allow-popups"
            referrerpolicy="no-referrer"
          />
          <p class="hint">If it stays empty, the site refuses to be shown here: open it in a tab.</p>
        </>
      ) : (
        <p class="blank">Say which page to open, or type its address.</p>
      )}
    </div>
  );
}
