// Reading a page of the console: what is there, what went wrong, and how to read it again.
import { type Signal, useSignal, useSignalEffect } from "@preact/signals";

import { ask } from "./api";

export interface Read<T> {
  data: Signal<T | null>;
  trouble: Signal<string>;
  again: () => void;
}

/** Read `path()` now, and whenever a signal that it uses changes. The last answer stays meanwhile. */
export function useRead<T>(path: () => string): Read<T> {
  const data = useSignal<T | null>(null);
  const trouble = useSignal("");
  const round = useSignal(0);
  useSignalEffect(() => {
    void round.value;
    const wanted = path();
    const stop = new AbortController();
    ask<T>(wanted, { signal: stop.signal }).then(
      (answer) => {
        data.value = answer;
        trouble.value = "";
      },
      (error: unknown) => {
        if (!stop.signal.aborted) trouble.value = String((error as Error).message);
      },
    );
    return () => stop.abort();
  });
  return { data, trouble, again: () => (round.value += 1) };
}
