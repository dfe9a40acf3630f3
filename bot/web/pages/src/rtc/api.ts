// The room's HTTP calls. Whatever goes wrong becomes a RoomError with a sentence for the page.
import type { Answer, Candidate, Refused, RoomStatus } from "../messages";

export type ProblemCode =
  | Refused["code"]
  | "server_gone"
  | "no_microphone"
  | "microphone_refused"
  | "microphone_busy"
  | "insecure"
  | "old_browser"
  | "no_media"
  | "lost"
  | "broken";

export class RoomError extends Error {
  constructor(
    readonly code: ProblemCode,
    message = "",
    readonly retrySeconds = 2,
  ) {
    super(message);
  }
}

const TOKEN_KEY = "tandem-operator-token";

/** Takes the token from `#token=…`, where no server or proxy logs it, and clears the address. */
export function takeTokenFromAddress(): void {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  setToken(given);
  history.replaceState(null, "", location.pathname + location.search);
}

export function setToken(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token);
}

export function getStatus(): Promise<RoomStatus> {
  return request<RoomStatus>("GET", "/api/room");
}

export function sendOffer(sdp: string, signal: AbortSignal): Promise<Answer> {
  return request<Answer>("POST", "/api/offer", { sdp, type: "offer" }, signal);
}

export async function sendCandidates(pcId: string, candidates: Candidate[]): Promise<void> {
  await request("PATCH", "/api/offer", { pc_id: pcId, candidates });
}

async function request<T>(
  method: string,
  path: string,
  body?: unknown,
  signal: AbortSignal | null = null,
): Promise<T> {
  const headers: Record<string, string> = {};
  if (body) headers["Content-Type"] = "application/json";
  const token = sessionStorage.getItem(TOKEN_KEY);
  if (token) headers["Authorization"] = `Bearer ${token}`;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      signal,
      cache: "no-store",
      body: body ? JSON.stringify(body) : null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RoomError("server_gone");
  }
  if (response.status === 204) return undefined as T;
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok && answer) return answer as T;
  const { code = "broken", message = "" } = (answer ?? {}) as Partial<Refused>;
  throw new RoomError(code, message, Number(response.headers.get("Retry-After")) || 2);
}
