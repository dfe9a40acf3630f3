// The room's HTTP calls. Whatever goes wrong becomes a RoomError with a sentence for the page.
import type {
  Answer,
  CalculationResult,
  Candidate,
  LinkedPage,
  NoteFull,
  NoteList,
  Refused,
  RoomStatus,
  UiEvent,
} from "../messages";

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
  | "link_moved"
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

/** `pcId` names the conversation to come back into; "" begins a new one. */
export function sendOffer(sdp: string, pcId: string, signal: AbortSignal): Promise<Answer> {
  // With several processes behind one port, the number in front of an id says whose it is.
  const worker = /^(\d+)-/.exec(pcId)?.[1];
  const path = worker ? `/api/offer?worker=${worker}` : "/api/offer";
  return request<Answer>("POST", path, { sdp, type: "offer", pc_id: pcId }, signal);
}

/** What stands behind the address of a request that a link allows; "" in the room. */
let linked = "";

/** Opens a phone caller's link; whatever is asked for afterwards is asked for by it. */
export async function openLink(token: string): Promise<LinkedPage> {
  const worker = /^(\d+)-/.exec(token)?.[1];
  const at = worker ? `?worker=${worker}` : "";
  const page = await request<LinkedPage>("POST", `/api/beside${at}`, { token: token || "none" });
  linked = `${at || "?"}${at ? "&" : ""}link=${page.link}`;
  return page;
}

export function liveAddress(): string {
  return `/api/beside/live${linked}`;
}

export async function sendEvent(event: UiEvent): Promise<void> {
  await request("POST", `/api/beside/event${linked}`, event);
}

/** Says that the page is not asleep. */
export async function stillHere(): Promise<void> {
  await request("POST", `/api/beside/event${linked}`, { event: "", payload: {} });
}

export async function listNotes(): Promise<NoteList["notes"]> {
  return (await request<NoteList>("GET", `/api/notes${linked}`)).notes;
}

export function readNote(id: string): Promise<NoteFull> {
  return request<NoteFull>("GET", `/api/notes/${encodeURIComponent(id)}${linked}`);
}

export function createNote(title: string): Promise<NoteFull> {
  return request<NoteFull>("POST", `/api/notes${linked}`, { title, text: "" });
}

/** Writes a note that was `base`; `written` is false when it is not that any more. */
export async function writeNote(
  id: string,
  text: string,
  base: string,
): Promise<{ note: NoteFull; written: boolean }> {
  const path = `/api/notes/${encodeURIComponent(id)}${linked}`;
  const [status, note] = await exchange<NoteFull>("PUT", path, { text, base }, null, [409]);
  return { note, written: status !== 409 };
}

export async function deleteNote(id: string): Promise<void> {
  await request("DELETE", `/api/notes/${encodeURIComponent(id)}${linked}`);
}

export function calculate(expression: string): Promise<CalculationResult> {
  return request<CalculationResult>("POST", `/api/calculate${linked}`, { expression });
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
  return (await exchange<T>(method, path, body, signal))[1];
}

async function exchange<T>(
  method: string,
  path: string,
  body: unknown,
  signal: AbortSignal | null,
  fine: readonly number[] = [],
): Promise<[status: number, answer: T]> {
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
  if (response.status === 204) return [204, undefined as T];
  const answer: unknown = await response.json().catch(() => null);
  if ((response.ok || fine.includes(response.status)) && answer) return [response.status, answer as T];
  const { code = "broken", message = "" } = (answer ?? {}) as Partial<Refused>;
  throw new RoomError(code, message, Number(response.headers.get("Retry-After")) || 2);
}
