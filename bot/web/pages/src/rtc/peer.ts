// One WebRTC connection to the bot: audio both ways, and Pipecat's RTVI messages over a data
// channel. Written by hand for Pipecat 1.14's SmallWebRTC transport (RTVI 2.2.0): Pipecat's own
// client loads code from a CDN. The browser tests fail when the protocol drifts.
import type { Answer, Candidate, PageMessage } from "../messages";
import { RoomError, sendCandidates } from "./api";

export interface RtviMessage {
  label?: string;
  type: string;
  data?: unknown;
  message?: { type: string };
}

export interface PeerEvents {
  /** The bot is there and hears the caller. */
  ready(): void;
  /** The bot's audio. */
  audio(stream: MediaStream): void;
  /** Our own server's messages. */
  message(message: PageMessage): void;
  /** Pipecat's messages, as they come. */
  rtvi(type: string, data: Record<string, unknown>): void;
  /** The connection is over; `left` tells a proper goodbye from a loss. */
  gone(left: boolean): void;
}

const RTVI_VERSION = "2.2.0";
const PING_MS = 1000;
/** A network that hiccups recovers within this time, or does not. */
const RECOVER_MS = 4000;
/** From the server's answer to the bot's first sign of life. */
const CONNECT_MS = 15000;

export class Peer {
  private readonly pc = new RTCPeerConnection();
  private readonly channel: RTCDataChannel;
  private readonly candidates: Candidate[] = [];
  private pcId = "";
  private isReady = false;
  private left = false;
  private over = false;
  private pings = 0;
  private deadline = 0;

  constructor(
    microphone: MediaStream,
    private readonly events: PeerEvents,
  ) {
    for (const track of microphone.getAudioTracks()) this.pc.addTrack(track, microphone);
    this.channel = this.pc.createDataChannel("chat", { ordered: true });
    this.channel.onopen = () => this.greet();
    this.channel.onclose = () => this.finish();
    this.channel.onmessage = (event) => this.receive(String(event.data));
    this.pc.ontrack = (event) => this.events.audio(event.streams[0] ?? new MediaStream([event.track]));
    this.pc.onicecandidate = (event) => this.found(event.candidate);
    this.pc.onconnectionstatechange = () => this.stateChanged();
  }

  /** Sends the offer by `send`, as often as that tries, and takes the answer. */
  async connect(send: (sdp: string) => Promise<Answer>): Promise<void> {
    await this.pc.setLocalDescription();
    const answer = await send(this.pc.localDescription?.sdp ?? "");
    if (this.over) throw new RoomError("lost");
    this.pcId = answer.pc_id;
    this.deadline = window.setTimeout(() => this.finish(), CONNECT_MS);
    await this.pc.setRemoteDescription({ type: answer.type, sdp: answer.sdp });
    void this.flushCandidates();
  }

  /** Ends the connection without telling `events`. */
  close(): void {
    this.over = true;
    clearInterval(this.pings);
    clearTimeout(this.deadline);
    this.channel.close();
    this.pc.close();
  }

  private finish(): void {
    if (this.over) return;
    this.close();
    this.events.gone(this.left);
  }

  private greet(): void {
    const ping = (): void => {
      if (this.channel.readyState === "open") this.channel.send(`ping: ${Date.now()}`);
    };
    ping(); // first: until it has seen one the server does not count this page as connected
    this.pings = window.setInterval(ping, PING_MS);
    this.send("client-ready", { version: RTVI_VERSION, about: { library: "tandem-room" } });
  }

  private send(type: string, data: unknown): void {
    this.channel.send(JSON.stringify({ label: "rtvi-ai", type, id: crypto.randomUUID(), data }));
  }

  private receive(text: string): void {
    const message = JSON.parse(text) as RtviMessage;
    if (message.type === "signalling") {
      this.left = message.message?.type === "peerLeft";
      if (this.left) this.finish();
    } else if (message.type === "server-message") {
      this.events.message(message.data as PageMessage);
    } else {
      if (message.type === "bot-ready" && !this.isReady) {
        this.isReady = true;
        clearTimeout(this.deadline);
        this.events.ready();
      }
      this.events.rtvi(message.type, (message.data ?? {}) as Record<string, unknown>);
    }
  }

  private stateChanged(): void {
    const state = this.pc.connectionState;
    if (state === "failed" || state === "closed") this.finish();
    if (state === "disconnected") {
      window.setTimeout(() => {
        if (this.pc.connectionState !== "connected") this.finish();
      }, RECOVER_MS);
    }
  }

  private found(candidate: RTCIceCandidate | null): void {
    if (!candidate?.candidate) return;
    this.candidates.push({
      candidate: candidate.candidate,
      sdp_mid: candidate.sdpMid ?? "0",
      sdp_mline_index: candidate.sdpMLineIndex ?? 0,
    });
    void this.flushCandidates();
  }

  private async flushCandidates(): Promise<void> {
    if (!this.pcId || !this.candidates.length) return;
    const batch = this.candidates.splice(0);
    try {
      await sendCandidates(this.pcId, batch);
    } catch {
      // The addresses found before may do; if none does, the deadline says so.
    }
  }
}
