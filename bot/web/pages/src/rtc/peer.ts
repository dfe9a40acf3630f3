// One conversation's WebRTC connection to the bot: audio both ways, and Pipecat's RTVI messages over
// a data channel. When the network breaks it comes back into the same conversation. Written by hand
// for Pipecat 1.14's SmallWebRTC transport (RTVI 2.2.0): Pipecat's own client loads code from a
// CDN. The browser tests fail when the protocol drifts.
import type { Answer, PageMessage, UiCommand, UiEvent } from "../messages";
import { RoomError } from "./api";
import { Link } from "./link";

export interface RtviMessage {
  label?: string;
  type: string;
  data?: unknown;
  message?: { type: string };
}

export interface PeerEvents {
  /** The bot is there and hears the caller; `again` after a break. */
  ready(again: boolean): void;
  /** The bot's audio; again after a break. */
  audio(stream: MediaStream): void;
  /** Our own server's messages. */
  message(message: PageMessage): void;
  /** What a tool wants on the page. */
  command(command: UiCommand): void;
  /** Pipecat's messages, as they come. */
  rtvi(type: string, data: Record<string, unknown>): void;
  /** The network broke; the connection tries to come back. */
  broken(): void;
  /** The connection is over; `left` tells a proper goodbye from a loss. */
  gone(left: boolean): void;
}

/** Sends an offer; `pcId` names the conversation to come back into. */
export type SendOffer = (sdp: string, pcId: string) => Promise<Answer>;

const RTVI_VERSION = "2.2.0";
/** From the server's answer to the bot's first sign of life. */
const CONNECT_MS = 15000;
/** How long the way back is sought; the server keeps the conversation for 20 s. */
const RETURN_MS = 14000;
const RETRY_MS = 700;

export class Peer {
  private link: Link | null = null;
  private send: SendOffer = () => Promise.reject(new RoomError("broken"));
  private pcId = "";
  private wasReady = false;
  private over = false;
  private deadline = 0;
  private brokenAt = 0;

  constructor(
    private microphone: MediaStream,
    private readonly events: PeerEvents,
  ) {}

  /** Sends the offer by `send`, as often as that tries, and takes the answer. */
  async connect(send: SendOffer): Promise<void> {
    this.send = send;
    await this.open("");
    this.deadline = window.setTimeout(() => this.finish(false), CONNECT_MS);
  }

  /** Speaks through another microphone from now on. */
  use(microphone: MediaStream): void {
    this.microphone = microphone;
    this.link?.use(microphone);
  }

  /** Answers a tool, or tells what the caller has done on the page. */
  tell(event: UiEvent): void {
    this.link?.send("ui-event", event);
  }

  /** Ends the connection without telling `events`. */
  close(): void {
    this.over = true;
    clearTimeout(this.deadline);
    this.link?.close();
  }

  private async open(pcId: string): Promise<void> {
    const link = new Link(this.microphone, {
      open: () => link.send("client-ready", { version: RTVI_VERSION, about: { library: "tandem-room" } }),
      audio: (stream) => this.events.audio(stream),
      message: (message) => this.receive(message),
      lost: () => this.lost(link),
    });
    this.link = link;
    try {
      const answer = await this.send(await link.offer(), pcId);
      if (this.over) throw new RoomError("lost");
      this.pcId = answer.pc_id;
      await link.accept(answer);
    } catch (error) {
      link.close();
      throw error;
    }
  }

  private receive(message: RtviMessage): void {
    switch (message.type) {
      case "signalling":
        if (message.message?.type === "peerLeft") this.finish(true);
        break;
      case "server-message":
        this.told(message.data as PageMessage);
        break;
      case "ui-command":
        this.events.command(message.data as UiCommand);
        break;
      case "bot-ready":
        this.becomeReady();
        break;
      default:
        this.events.rtvi(message.type, (message.data ?? {}) as Record<string, unknown>);
    }
  }

  private told(message: PageMessage): void {
    if (message.type === "hold") this.link?.hold(message.state);
    this.events.message(message);
  }

  private becomeReady(): void {
    clearTimeout(this.deadline);
    if (this.wasReady && !this.brokenAt) return;
    this.events.ready(this.wasReady);
    this.wasReady = true;
    this.brokenAt = 0;
  }

  private lost(link: Link): void {
    if (this.over || link !== this.link) return;
    link.close();
    if (!this.wasReady) return this.finish(false);
    if (!this.brokenAt) {
      this.brokenAt = Date.now();
      this.events.broken();
    }
    void this.comeBack();
  }

  private async comeBack(): Promise<void> {
    while (!this.over && Date.now() - this.brokenAt < RETURN_MS) {
      try {
        await this.open(this.pcId);
        clearTimeout(this.deadline);
        const left = RETURN_MS - (Date.now() - this.brokenAt);
        this.deadline = window.setTimeout(() => this.finish(false), Math.max(left, 3000));
        return;
      } catch (error) {
        if (error instanceof RoomError && error.code !== "server_gone") break;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.finish(false);
  }

  private finish(left: boolean): void {
    if (this.over) return;
    this.close();
    this.events.gone(left);
  }
}
