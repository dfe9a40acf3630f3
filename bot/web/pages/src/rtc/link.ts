// One RTCPeerConnection of a conversation. It says when it is lost, within four seconds: browsers
// take 5 to 30.
import type { Answer, Candidate, Hold } from "../messages";
import { sendCandidates } from "./api";
import type { RtviMessage } from "./peer";

interface LinkEvents {
  open(): void;
  audio(stream: MediaStream): void;
  message(message: RtviMessage): void;
  lost(): void;
}

const PING_MS = 1000;
/** The server sends sound all the time, also silence: so many seconds without any are a loss. */
const SILENT_TICKS = 4;
/** From the bot's last packet of what nobody wants to hear any more until it has been played. */
const UNDER_WAY_MS = 400;

export class Link {
  private readonly pc = new RTCPeerConnection();
  private readonly channel: RTCDataChannel;
  private readonly sender: RTCRtpSender | undefined;
  private readonly candidates: Candidate[] = [];
  private pcId = "";
  private ticks = 0;
  private packets = 0;
  private silent = 0;
  private heldAt = 0;
  private opening = 0;
  private closed = false;

  constructor(
    microphone: MediaStream,
    private readonly events: LinkEvents,
  ) {
    const track = microphone.getAudioTracks()[0];
    if (track) this.sender = this.pc.addTrack(track, microphone);
    this.channel = this.pc.createDataChannel("chat", { ordered: true });
    this.channel.onopen = () => this.opened();
    this.channel.onclose = () => this.lose();
    this.channel.onmessage = (event) => this.events.message(JSON.parse(String(event.data)) as RtviMessage);
    this.pc.ontrack = (event) => this.events.audio(event.streams[0] ?? new MediaStream([event.track]));
    this.pc.onicecandidate = (event) => this.found(event.candidate);
    this.pc.onconnectionstatechange = () => {
      if (["failed", "closed"].includes(this.pc.connectionState)) this.lose();
    };
  }

  async offer(): Promise<string> {
    await this.pc.setLocalDescription();
    return this.pc.localDescription?.sdp ?? "";
  }

  async accept(answer: Answer): Promise<void> {
    this.pcId = answer.pc_id;
    await this.pc.setRemoteDescription({ type: answer.type, sdp: answer.sdp });
    void this.flushCandidates();
  }

  use(microphone: MediaStream): void {
    void this.sender?.replaceTrack(microphone.getAudioTracks()[0] ?? null);
  }

  /** Silences the bot at once, for sound under way would be heard for another 0.2 s; or lets it be heard. */
  hold(state: Hold["state"]): void {
    clearTimeout(this.opening);
    if (state === "held") this.heldAt = performance.now();
    const wait = state === "dropped" ? this.heldAt + UNDER_WAY_MS - performance.now() : 0;
    if (wait > 0) this.opening = window.setTimeout(() => this.voice(true), wait);
    else this.voice(state !== "held");
  }

  private voice(heard: boolean): void {
    for (const receiver of this.pc.getReceivers()) receiver.track.enabled = heard;
  }

  send(type: string, data: unknown): void {
    if (this.channel.readyState !== "open") return;
    this.channel.send(JSON.stringify({ label: "rtvi-ai", type, id: crypto.randomUUID(), data }));
  }

  close(): void {
    this.closed = true;
    clearInterval(this.ticks);
    clearTimeout(this.opening);
    this.channel.close();
    this.pc.close();
  }

  private lose(): void {
    if (!this.closed) this.events.lost();
  }

  private opened(): void {
    this.tick(); // first a ping: until it has seen one the server does not count us as connected
    this.ticks = window.setInterval(() => this.tick(), PING_MS);
    this.events.open();
  }

  private tick(): void {
    if (this.channel.readyState === "open") this.channel.send(`ping: ${Date.now()}`);
    void this.pc.getStats().then((report) => {
      let packets = 0;
      report.forEach((one: { type: string; packetsReceived?: number }) => {
        if (one.type === "inbound-rtp") packets += one.packetsReceived ?? 0;
      });
      this.silent = packets === this.packets ? this.silent + 1 : 0;
      this.packets = packets;
      if (packets && this.silent >= SILENT_TICKS) this.lose();
    });
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
