// The calculator reckons with the bot's own evaluator, on the server: exact, and in words too.
import { signal } from "@preact/signals";

import { RoomError, calculate } from "../../rtc/api";

const KEYS = ["7", "8", "9", "÷", "4", "5", "6", "×", "1", "2", "3", "−", "0", ".", "%", "+", "(", ")", "C", "="];

const line = signal("");
const result = signal("");
const problem = signal("");
const past = signal<readonly string[]>([]);

async function work(): Promise<void> {
  const expression = line.value.trim();
  if (!expression) return;
  try {
    const { value, exact, error } = await calculate(expression);
    problem.value = error ? `That cannot be worked out: ${error}.` : "";
    result.value = error ? "" : `${exact ? "" : "≈ "}${value}`;
    if (!error) past.value = [`${expression} = ${result.value}`, ...past.value].slice(0, 5);
  } catch (error) {
    const gone = error instanceof RoomError && error.code === "server_gone";
    problem.value = gone ? "The server does not answer." : "That could not be asked. Reload the page.";
  }
}

function press(key: string): void {
  if (key === "=") return void work();
  line.value = key === "C" ? "" : line.value + key;
  if (key === "C") result.value = problem.value = "";
}

export function Calculator() {
  return (
    <form
      class="calculator"
      onSubmit={(event) => {
        event.preventDefault();
        void work();
      }}
    >
      <input
        aria-label="Calculation"
        placeholder="12.5% of 80"
        maxlength={400}
        value={line.value}
        onInput={(event) => (line.value = event.currentTarget.value)}
      />
      <output data-testid="result" aria-live="polite">
        {problem.value ? <span class="wrong">{problem.value}</span> : result.value}
      </output>
      <div class="keys">
        {KEYS.map((key) => (
          <button type="button" class={key === "=" ? "key equals" : "key"} aria-label={NAMES[key]} onClick={() => press(key)}>
            {key}
          </button>
        ))}
      </div>
      <ul class="past" aria-label="Earlier results">
        {past.value.map((one) => (
          <li>{one}</li>
        ))}
      </ul>
    </form>
  );
}

const NAMES: Record<string, string> = {
  "÷": "divided by",
  "×": "times",
  "−": "minus",
  "+": "plus",
  "%": "percent",
  C: "clear",
  "=": "equals",
};
