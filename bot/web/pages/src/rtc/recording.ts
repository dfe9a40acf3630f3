// The call's audio, kept in this browser: the caller on the left, the bot on the right. It is held
// compressed, and becomes a WAV file when somebody asks for one.
import type { Side } from "./levels";

const WAV_HZ = 16000;
const SLICE_MS = 2000;

export class Recording {
  private readonly merger: ChannelMergerNode;
  private readonly recorder: MediaRecorder | null = null;
  private readonly parts: Blob[] = [];
  private readonly done: Promise<void>;

  constructor(context: AudioContext) {
    this.merger = context.createChannelMerger(2);
    const target = context.createMediaStreamDestination();
    this.merger.connect(target);
    if (!("MediaRecorder" in window)) {
      this.done = Promise.resolve();
      return;
    }
    const recorder = new MediaRecorder(target.stream, { audioBitsPerSecond: 64000 });
    recorder.ondataavailable = (event) => event.data.size && this.parts.push(event.data);
    this.done = new Promise((resolve) => {
      recorder.onstop = () => resolve();
      recorder.onerror = () => resolve();
    });
    this.recorder = recorder;
  }

  start(): void {
    if (this.recorder?.state === "inactive") this.recorder.start(SLICE_MS);
  }

  add(side: Side, source: AudioNode): void {
    source.connect(this.merger, 0, side === "caller" ? 0 : 1);
  }

  stop(): void {
    if (this.recorder && this.recorder.state !== "inactive") this.recorder.stop();
  }

  /** All there is, as WAV; null when nothing could be recorded. */
  async wav(): Promise<Blob | null> {
    if (this.recorder?.state === "recording") {
      await new Promise<void>((resolve) => {
        this.recorder?.addEventListener("dataavailable", () => resolve(), { once: true });
        this.recorder?.requestData();
      });
    } else {
      await this.done;
    }
    if (!this.parts.length) return null;
    const packed = await new Blob(this.parts).arrayBuffer();
    const decoder = new OfflineAudioContext(2, 1, WAV_HZ); // it decodes to its own rate
    return wavFile(await decoder.decodeAudioData(packed));
  }
}

/** 16-bit PCM in a RIFF container. */
export function wavFile(audio: AudioBuffer): Blob {
  const { numberOfChannels: channels, length, sampleRate } = audio;
  const bytes = new DataView(new ArrayBuffer(44 + length * channels * 2));
  const text = (at: number, word: string): void => {
    for (let i = 0; i < word.length; i++) bytes.setUint8(at + i, word.charCodeAt(i));
  };
  text(0, "RIFF");
  bytes.setUint32(4, bytes.byteLength - 8, true);
  text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true);
  bytes.setUint16(22, channels, true);
  bytes.setUint32(24, sampleRate, true);
  bytes.setUint32(28, sampleRate * channels * 2, true);
  bytes.setUint16(32, channels * 2, true);
  bytes.setUint16(34, 16, true);
  text(36, "data");
  bytes.setUint32(40, length * channels * 2, true);
  for (let channel = 0; channel < channels; channel++) {
    const samples = audio.getChannelData(channel);
    for (let i = 0; i < length; i++) {
      const sample = Math.max(-1, Math.min(1, samples[i] ?? 0));
      bytes.setInt16(44 + (i * channels + channel) * 2, Math.round(sample * 32767), true);
    }
  }
  return new Blob([bytes.buffer as ArrayBuffer], { type: "audio/wav" });
}
