// Written by `python -m bot.web.typescript` from the Python models. Do not edit.

export type PageMessage = Caption | Cut | Ended | Hold | Notice | Session | TaskNews | Trouble | TurnTimes;

export type UiCommand =
  | { command: "browser.open"; payload: BrowserOpen }
  | { command: "canvas.chart"; payload: CanvasChart }
  | { command: "canvas.clear"; payload: CanvasClear }
  | { command: "canvas.image"; payload: CanvasImage }
  | { command: "canvas.table"; payload: CanvasTable }
  | { command: "canvas.text"; payload: CanvasText }
  | { command: "desktop.switch"; payload: DesktopSwitch }
  | { command: "file.save"; payload: FileSave }
  | { command: "note.close"; payload: NoteClose }
  | { command: "note.show"; payload: NoteShow }
  | { command: "soundtrack.control"; payload: SoundtrackControl }
  | { command: "soundtrack.volume"; payload: SoundtrackVolume }
  | { command: "sprite.dismiss"; payload: SpriteDismiss }
  | { command: "sprite.summon"; payload: SpriteSummon }
  | { command: "views.close"; payload: ViewsClose }
  | { command: "window.arrange"; payload: WindowArrange }
  | { command: "window.open"; payload: WindowOpen }
  | { command: "youtube.control"; payload: YoutubeControl }
  | { command: "youtube.play"; payload: YoutubePlay };

export type UiEvent =
  | { event: "ui.done"; payload: UiDone }
  | { event: "ui.typed"; payload: UiTyped }
  | { event: "ui.windows"; payload: UiWindows };

export const APPS = ["notes", "youtube", "browser", "calculator", "canvas", "soundtrack", "terminal", "mail", "drive"] as const;

export type App = (typeof APPS)[number];

export interface Answer {
  sdp: string;
  type: "answer";
  pc_id: string;
}

export interface Breaker {
  name: string;
  state: string;
  detail: string;
}

export interface BrowserOpen {
  request: string;
  url: string;
}

export interface Calculation {
  expression: string;
}

export interface CalculationResult {
  value: string;
  exact: boolean;
  error: string;
}

export interface CallCount {
  total: number;
  modes: Array<string>;
}

export interface CallMe {
  to: string;
}

export interface CallPage {
  call: FoundCall;
  provider_call_id: string;
  answered_at: string;
  ended_at: string;
  providers: Partial<Record<string, string>>;
  lines: Array<LiveLine>;
  turns: Array<TurnTime>;
  tools: Array<CallTool>;
  tasks: Array<CallTask>;
  costs: Array<CostLine>;
  recorded_at: string;
  missing: Array<string>;
}

export interface CallTask {
  at: string;
  text: string;
  status: string;
  result: string;
  told: string;
}

export interface CallTool {
  at: string;
  text: string;
  arguments: string;
  answer: string;
}

export interface Candidate {
  candidate: string;
  sdp_mid: string;
  sdp_mline_index: number;
}

export interface Candidates {
  pc_id: string;
  candidates: Array<Candidate>;
}

export interface CanvasChart {
  request: string;
  title: string;
  labels: Array<string>;
  values: Array<number>;
}

export interface CanvasClear {
  request: string;
}

export interface CanvasImage {
  request: string;
  title: string;
  url: string;
}

export interface CanvasTable {
  request: string;
  title: string;
  head: Array<string>;
  rows: Array<Array<string>>;
}

export interface CanvasText {
  request: string;
  kind: "text" | "article";
  title: string;
  text: string;
}

export interface Caption {
  type: "caption";
  speaker: "caller" | "bot";
  turn: number;
  text: string;
  final: boolean;
}

export interface ConsoleRefusal {
  code: "sign_in" | "wrong" | "wait" | "closed" | "foreign" | "csrf" | "invalid" | "gone" | "no" | "away";
  message: string;
  retry_after: number;
}

export interface ConsoleSession {
  state: "signed_in" | "signed_out" | "open" | "closed";
  bot: string;
  csrf: string;
  message: string;
}

export interface CostLine {
  what: string;
  detail: string;
  dollars: number;
}

export interface Cut {
  type: "cut";
  turn: number;
  heard: string;
  unheard: string;
}

export interface DayOfMode {
  day: string;
  mode: string;
  calls: number;
  minutes: number;
  dollars: number;
}

export interface DesktopSwitch {
  request: string;
  mode: "home" | "work" | "quiet" | "create";
}

export interface Done {
  message: string;
}

export interface Ended {
  type: "ended";
  reason: string;
}

export interface Erase {
  caller: string;
}

export interface FileSave {
  request: string;
  name: string;
  mime: string;
  text: string;
}

export interface FoundCall {
  id: string;
  channel: string;
  direction: string;
  caller: string;
  callee: string;
  mode: string;
  mode_reason: string;
  state: string;
  started_at: string;
  seconds: number;
  end_reason: string;
  error: string;
  turns: number;
  slow_turns: number;
  slowest: number;
  errors: number;
  tools: number;
  excerpt: string;
  recorded: boolean;
}

export interface FoundCalls {
  calls: Array<FoundCall>;
  more: boolean;
  took_ms: number;
}

export interface HealthPage {
  hours: number;
  calls: number;
  uptime: number;
  stages: Partial<Record<string, SpreadMs>>;
  slices: Array<TimeSlice>;
  errors: Array<ProviderErrors>;
  breakers: Array<Breaker>;
  history: Array<Moment>;
  missing: Array<string>;
}

export interface Hold {
  type: "hold";
  state: "held" | "resumed" | "dropped";
}

export interface LinkToken {
  token: string;
}

export interface LinkedPage {
  link: string;
  bot: string;
  over: boolean;
}

export interface LiveCall {
  id: string;
  channel: string;
  direction: string;
  caller: string;
  callee: string;
  mode: string;
  mode_reason: string;
  worker: number;
  near: boolean;
  providers: Partial<Record<string, string>>;
  state: string;
  stage: "ringing" | "listening" | "caller" | "thinking" | "bot" | "ending" | "elsewhere";
  started_at: string;
  turn: number;
  wait_ms: number;
  errors: number;
  speaker: string;
  words: string;
  recorded: boolean;
}

export interface LiveLine {
  key: string;
  at: string;
  speaker: string;
  what: string;
  turn: number;
  text: string;
  unheard: string;
  final: boolean;
}

export interface LiveUpdate {
  whole: boolean;
  calls: Array<LiveCall>;
  gone: Array<string>;
  lines: Array<LiveLine>;
  load: Array<Load>;
}

export interface Load {
  worker: number;
  workers: number;
  calls: number;
  limit: number;
  lag_ms: number;
  memory_mb: number;
  unwritten: number;
  refusal: string;
  breakers: Array<Breaker>;
  mode: string;
  modes: string;
  prices: Partial<Record<string, number>>;
}

export interface ModeChange {
  at: string;
  who: string;
  what: string;
  before: string;
  after: string;
}

export interface ModePage {
  mode: string;
  chosen: boolean;
  pending: string;
  rows: Array<ModeRow>;
  rules: Array<ModeRule>;
  own: Partial<Record<string, string>>;
  changes: Array<ModeChange>;
  reasons: Array<ModeReason>;
  unavailable: string;
}

export interface ModeReason {
  mode: string;
  reason: string;
  calls: number;
}

export interface ModeRow {
  name: string;
  title: string;
  lacks: string;
  down: string;
  share: number;
  live: number;
  calls: number;
  errors: number;
  hang_ups: number;
  minutes: number;
  wait_ms: number;
  wait_ms_p95: number;
  dollars_per_minute: number;
}

export interface ModeRule {
  id: string;
  when: string;
  use: string;
  on: boolean;
}

export interface Moment {
  at: string;
  text: string;
}

export interface MoneyOfMode {
  mode: string;
  calls: number;
  minutes: number;
  price: number;
  dollars: number;
}

export interface MoneyPage {
  days: Array<DayOfMode>;
  modes: Array<MoneyOfMode>;
  prices: Partial<Record<string, number>>;
  minutes: number;
  dollars: number;
  missing: Array<string>;
}

export interface NewNote {
  title: string;
  text: string;
}

export interface NoteClose {
  request: string;
  id: string;
}

export interface NoteEdit {
  text: string;
  base: string;
}

export interface NoteFull {
  id: string;
  title: string;
  text: string;
}

export interface NoteList {
  notes: Array<NoteTitle>;
}

export interface NoteShow {
  request: string;
  id: string;
  title: string;
  text: string;
}

export interface NoteTitle {
  id: string;
  title: string;
}

export interface Notice {
  type: "notice";
  text: string;
}

export interface Offer {
  sdp: string;
  type: "offer";
  pc_id: string;
}

export interface ProviderErrors {
  stage: string;
  provider: string;
  kind: string;
  count: number;
}

export interface ProviderTest {
  part: string;
}

export interface ProviderTested {
  ok: boolean;
  message: string;
  ms: number;
}

export interface Refused {
  code: "busy" | "warming" | "invalid" | "too_large" | "foreign" | "token_needed" | "token_wrong" | "closed" | "gone" | "full" | "no_cookie" | "no_store" | "link_unknown" | "link_taken" | "link_over" | "wait";
  message: string;
}

export interface RoomStatus {
  bot: string;
  state: "ready" | "warming" | "busy";
  reason: string;
}

export interface Session {
  type: "session";
  call: string;
  mode: string;
  reason: string;
  models: Partial<Record<string, string>>;
  tools: Array<string>;
}

export interface SetOwnMode {
  number: string;
  mode: string;
}

export interface SetRollout {
  shares: Partial<Record<string, number>>;
}

export interface SetRule {
  rule: string;
  on: boolean;
}

export interface SetUpPage {
  rows: Array<SettingRow>;
  notes: Array<string>;
  secrets: Partial<Record<string, string>>;
  contacts: Array<string>;
  callable: string;
}

export interface SettingRow {
  part: string;
  uses: string;
  why: string;
  missing: string;
  test: string;
}

export interface SignIn {
  password: string;
}

export interface SoundtrackControl {
  request: string;
  action: "play" | "stop" | "next";
}

export interface SoundtrackVolume {
  request: string;
  level: number;
  step: number;
}

export interface SpreadMs {
  count: number;
  p50: number;
  p95: number;
  p99: number;
}

export interface SpriteDismiss {
  request: string;
}

export interface SpriteSummon {
  request: string;
  prompt: string;
}

export interface SwitchMode {
  mode: string;
  when: "now" | "idle" | "grace";
  seconds: number;
  force: boolean;
}

export interface TaskNews {
  type: "task";
  task: string;
  title: string;
  kind: "started" | "progress" | "slow" | "retrying" | "parked" | "steered" | "finished" | "result";
  text: string;
}

export interface TimeSlice {
  at: string;
  calls: number;
  errors: number;
  stages: Partial<Record<string, SpreadMs>>;
}

export interface Transfer {
  to: string;
  summary: string;
}

export interface Trouble {
  type: "trouble";
  kind: string;
  detail: string;
}

export interface TurnTime {
  number: number;
  at: string;
  stages: Partial<Record<string, number>>;
}

export interface TurnTimes {
  type: "turn";
  turn: number;
  stages: Partial<Record<"vad" | "stt" | "turn" | "llm" | "clause" | "tts" | "sent" | "voice_to_voice", number>>;
}

export interface UiDone {
  request: string;
  ok: boolean;
  text: string;
  windows: Array<"notes" | "youtube" | "browser" | "calculator" | "canvas" | "soundtrack" | "terminal" | "mail" | "drive">;
}

export interface UiTyped {
  text: string;
}

export interface UiWindows {
  windows: Array<"notes" | "youtube" | "browser" | "calculator" | "canvas" | "soundtrack" | "terminal" | "mail" | "drive">;
}

export interface ViewsClose {
  request: string;
  which: "notes" | "youtube" | "browser" | "calculator" | "canvas" | "soundtrack" | "terminal" | "mail" | "drive" | "all";
}

export interface Whisper {
  text: string;
}

export interface WindowArrange {
  request: string;
  window: string;
  action: "minimize" | "maximize" | "restore" | "snap_left" | "snap_right" | "reset" | "close";
}

export interface WindowOpen {
  request: string;
  app: "notes" | "youtube" | "browser" | "calculator" | "canvas" | "soundtrack" | "terminal" | "mail" | "drive";
}

export interface YoutubeControl {
  request: string;
  action: "pause" | "resume" | "close";
}

export interface YoutubePlay {
  request: string;
  video_id: string;
  title: string;
  channel: string;
}
