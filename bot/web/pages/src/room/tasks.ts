// Jobs that were handed to the deep agent, as cards.
import { signal } from "@preact/signals";

import type { TaskNews } from "../messages";

export interface Task {
  id: string;
  title: string;
  at: number;
  /** What is being done now. */
  activity: string;
  steered: readonly string[];
  /** How it ended: completed, failed, cancelled; "" while it runs. */
  outcome: string;
  result: string;
  open: boolean;
}

export const tasks = signal<readonly Task[]>([]);

const ACTIVITIES: Partial<Record<TaskNews["kind"], string>> = {
  slow: "Takes longer than usual",
  retrying: "Trying again",
  parked: "Waits until the agent can be reached",
};

export function withNews(news: TaskNews): void {
  const known = tasks.value.find((task) => task.id === news.task);
  const task = known ?? {
    id: news.task,
    title: news.title,
    at: Date.now(),
    activity: "",
    steered: [],
    outcome: "",
    result: "",
    open: true,
  };
  const rest = tasks.value.filter((one) => one !== known);
  tasks.value = [...rest, changed(task, news)].sort((a, b) => a.at - b.at);
}

function changed(task: Task, news: TaskNews): Task {
  switch (news.kind) {
    case "steered":
      return { ...task, steered: [...task.steered, news.text] };
    case "finished":
      return { ...task, outcome: news.text || "completed", activity: "" };
    case "result":
      return { ...task, result: news.text, outcome: task.outcome || "completed", activity: "" };
    default:
      return { ...task, activity: news.text || ACTIVITIES[news.kind] || task.activity };
  }
}

export function dismissTask(id: string): void {
  tasks.value = tasks.value.filter((task) => task.id !== id);
}

export function forgetTasks(): void {
  tasks.value = [];
}
