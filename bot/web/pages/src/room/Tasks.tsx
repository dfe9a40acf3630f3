// Jobs that run beside the conversation, as cards. Steering and giving up go through the bot, like
// everything a caller wants: the card only says it for them.
import { CloseIcon, SendIcon, TaskIcon } from "./icons";
import { say } from "./outgoing";
import { inCall } from "./state";
import { type Task, dismissTask, tasks } from "./tasks";

const OUTCOMES: Record<string, string> = {
  completed: "Done",
  failed: "Could not be done",
  cancelled: "Given up",
};

export function Tasks() {
  if (!tasks.value.length) return null;
  return (
    <ul class="tasks" aria-label="Jobs in the background">
      {tasks.value.map((task) => (
        <Card key={task.id} task={task} />
      ))}
    </ul>
  );
}

function Card({ task }: { task: Task }) {
  const over = task.outcome !== "";
  const steer = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const change = String(new FormData(form).get("change") ?? "").trim();
    if (!change) return;
    form.reset();
    say(`About the job “${task.title}”: ${change}`);
  };
  return (
    <li class="task" data-outcome={task.outcome}>
      <p class="task-head">
        <TaskIcon />
        <strong>{task.title}</strong>
        {over ? (
          <button type="button" class="bar-button" aria-label={`Put “${task.title}” away`} onClick={() => dismissTask(task.id)}>
            <CloseIcon />
          </button>
        ) : (
          <button
            type="button"
            class="tool"
            disabled={!inCall.value}
            onClick={() => say(`Forget the job “${task.title}”.`)}
          >
            Cancel
          </button>
        )}
      </p>
      <p class="task-state" role="status">
        {over ? (OUTCOMES[task.outcome] ?? task.outcome) : task.activity || "Under way"}
      </p>
      {task.steered.map((change) => (
        <p class="faint">Also: {change}</p>
      ))}
      {task.result ? (
        <details>
          <summary>Result</summary>
          <p class="result">{task.result}</p>
        </details>
      ) : null}
      {over || !inCall.value ? null : (
        <form class="row" onSubmit={steer}>
          <input name="change" maxlength={600} aria-label={`Change the job ${task.title}`} placeholder="Change or add something" />
          <button type="submit" class="tool" aria-label="Send the change">
            <SendIcon />
          </button>
        </form>
      )}
    </li>
  );
}
