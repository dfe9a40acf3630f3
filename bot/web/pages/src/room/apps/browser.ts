// The web page in the browser window. It is loaded because the caller has asked for it.
import { signal } from "@preact/signals";

import { type Done, done, failed, open, rename } from "../desktop/windows";

export const address = signal("");

export function showPage(wanted: string): Done {
  const url = webAddress(wanted);
  if (!url) return failed("that is no web address");
  address.value = url;
  open("browser");
  rename("browser", new URL(url).hostname);
  return done(`${new URL(url).hostname} is open. If it stays empty, the button “In a tab” opens it.`);
}

/** An https address, or "": inside this page nothing else may be shown. */
export function webAddress(text: string): string {
  const typed = text.trim();
  const whole = /^[a-z][\w+.-]*:/i.test(typed) ? typed : `https://${typed}`;
  try {
    const url = new URL(whole.replace(/^http:/i, "https:"));
    return url.protocol === "https:" && url.hostname.includes(".") ? url.href : "";
  } catch {
    return "";
  }
}
