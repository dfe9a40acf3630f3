// Listening in: both sides of a call as the server sends them, played a little behind.
import { signal } from "@preact/signals";

import type { LiveCall } from "../messages";
import { address, at } from "./api";

/** Seconds of sound kept ahead, against an uneven network. */
const AHEAD = 0.15;
/** The caller a little to the left, the bot to the right: two people are told apart. */
const PAN = [-0.35, 0.35];
const HEADER_BYTES = 8;

/** The id of the call that is heard, or "". */
export const hearing = signal("");

let stop: () => void = () => undefined;

export function listen(call: LiveCall): void {
  stop();
  const context = new AudioContext();
  const sides = PAN.map((pan) => {
    const panner = new StereoPannerNode(context, { pan });
    panner.connect(context.destination);
    return { panner, until: 0 };
  });
  const url = new URL(address(`listen/${call.id}${at(call.worker)}`), location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onmessage = (event: MessageEvent<ArrayBuffer | string>) => {
    if (typeof event.data === "string") return stop();
    const view = new DataView(event.data);
    const side = sides[view.getUint8(0)];
    const samples = new Int16Array(event.data, HEADER_BYTES);
    if (!side || !samples.length) return;
    const buffer = context.createBuffer(1, samples.length, view.getUint32(4, true));
    buffer.copyToChannel(Float32Array.from(samples, (sample) => sample / 32768), 0);
    const node = new AudioBufferSourceNode(context, { buffer });
    node.connect(side.panner);
    if (side.until < context.currentTime) side.until = context.currentTime + AHEAD;
    node.start(side.until);
    side.until += buffer.duration;
  };
  socket.onclose = () => stop();
  hearing.value = call.id;
  stop = () => {
    stop = () => undefined;
    hearing.value = "";
    socket.close();
    void context.close();
  };
}

export function stopListening(): void {
  stop();
}
