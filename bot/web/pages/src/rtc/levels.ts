// Both sides' sound: how loud each is, about 60 times a second, and a recording of the call.
// Levels are handed to a callback: far too often for rendering, so whoever shows them writes to an
// element directly.
import { Recording } from "./recording";

export type Side = "caller" | "bot";
type Listener = (levels: Record<Side, number>) => void;

const FLOOR_DB = -55;

export class Levels {
  readonly context = new AudioContext();
  readonly recording = new Recording(this.context);
  private readonly sides: Partial<Record<Side, { source: AudioNode; analyser: AnalyserNode }>> = {};
  private readonly samples = new Float32Array(1024);
  private frame = 0;

  constructor(private readonly listener: Listener) {
    void this.context.resume();
    this.tick();
  }

  /** Listens to `stream` as one side; it takes the place of the one before. */
  add(side: Side, stream: MediaStream): void {
    this.sides[side]?.source.disconnect();
    const analyser = this.context.createAnalyser();
    analyser.fftSize = this.samples.length;
    const source = this.context.createMediaStreamSource(stream);
    source.connect(analyser);
    this.recording.add(side, source);
    this.sides[side] = { source, analyser };
  }

  close(): void {
    cancelAnimationFrame(this.frame);
    this.listener({ caller: 0, bot: 0 });
    this.recording.stop();
    void this.context.close();
  }

  private tick = (): void => {
    this.listener({ caller: this.level("caller"), bot: this.level("bot") });
    this.frame = requestAnimationFrame(this.tick);
  };

  /** 0 (silence) to 1 (full scale), in equal steps of decibels. */
  private level(side: Side): number {
    const analyser = this.sides[side]?.analyser;
    if (!analyser) return 0;
    analyser.getFloatTimeDomainData(this.samples);
    let sum = 0;
    for (const sample of this.samples) sum += sample * sample;
    const decibels = 10 * Math.log10(sum / this.samples.length + 1e-12);
    return Math.max(0, Math.min(1, 1 - decibels / FLOOR_DB));
  }
}
