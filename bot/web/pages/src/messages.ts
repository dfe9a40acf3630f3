// Written by `python -m bot.web.typescript` from the Python models. Do not edit.

export type PageMessage = Caption | Cut | Ended | Notice | TurnTimes;

export interface Answer {
  sdp: string;
  type: "answer";
  pc_id: string;
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

export interface Caption {
  type: "caption";
  speaker: "caller" | "bot";
  turn: number;
  text: string;
  final: boolean;
}

export interface Cut {
  type: "cut";
  turn: number;
  heard: string;
  unheard: string;
}

export interface Ended {
  type: "ended";
  reason: string;
}

export interface Notice {
  type: "notice";
  text: string;
}

export interface Offer {
  sdp: string;
  type: "offer";
}

export interface Refused {
  code: "busy" | "warming" | "invalid" | "too_large" | "foreign" | "token_needed" | "token_wrong" | "closed";
  message: string;
}

export interface RoomStatus {
  bot: string;
  state: "ready" | "warming" | "busy";
  reason: string;
}

export interface TurnTimes {
  type: "turn";
  turn: number;
  stages: Partial<Record<"vad" | "stt" | "turn" | "llm" | "clause" | "tts" | "sent" | "voice_to_voice", number>>;
}
