// Requests to the console's own routes. Everything that changes something carries the CSRF token.
import { signal } from "@preact/signals";

import type { ConsoleRefusal, ConsoleSession } from "../messages";

const ROOT = "/console/api/";

export const session = signal<ConsoleSession | null>(null);

/** Why a request was not done; the message is for the operator. */
export class Refused extends Error {
  constructor(
    readonly code: ConsoleRefusal["code"],
    message: string,
  ) {
    super(message);
  }
}

export async function whoAmI(): Promise<void> {
  session.value = await ask<ConsoleSession>("session");
}

export async function signIn(password: string): Promise<void> {
  await order("session", { password });
  await whoAmI();
}

export async function signOut(): Promise<void> {
  await ask("session", { method: "DELETE", headers: headers() });
  await whoAmI();
}

/** Read something. */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(ROOT + path, { cache: "no-store", ...init });
  } catch {
    throw new Refused("away", "The server does not answer. It may be restarting.");
  }
  const body: unknown = await answer.json().catch(() => null);
  if (answer.ok) return body as T;
  const refusal = body as Partial<ConsoleRefusal> | null;
  if (refusal?.code === "sign_in" || refusal?.code === "closed") void whoAmI();
  throw new Refused(
    refusal?.code ?? "away",
    refusal?.message ?? `The server answered with an error (${answer.status}).`,
  );
}

/** Change something. */
export function order<T>(path: string, body: object = {}): Promise<T> {
  return ask<T>(path, {
    method: "POST",
    headers: { ...headers(), "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

export const address = (path: string): string => ROOT + path;

/** To the process that has the call. */
export const at = (worker: number): string => (worker ? `?worker=${worker}` : "");

function headers(): Record<string, string> {
  return { "x-csrf-token": session.value?.csrf ?? "" };
}
