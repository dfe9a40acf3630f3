// How loud each side is, about 60 times a second, handed to a callback: far too often for
// rendering, so whoever shows it writes to an element directly.

export type Side = "caller" | "bot";
type Listener = (levels: Record<Side, number>) => void;

const FLOOR_DB = -55;

export class Levels {
  private readonly context = new AudioContext();
  private readonly analysers: Partial<Record<Side, AnalyserNode>> = {};
  private readonly samples = new Float32Array(1024);
  private frame = 0;

  constructor(private readonly listener: Listener) {
    void this.context.resume();
    this.tick();
  }

  add(side: Side, stream: MediaStream): void {
    const analyser = this.context.createAnalyser();
    analyser.fftSize = this.samples.length;
    this.context.createMediaStreamSource(stream).connect(analyser);
    this.analysers[side] = analyser;
  }

  close(): void {
    cancelAnimationFrame(this.frame);
    this.listener({ caller: 0, bot: 0 });
    void this.context.close();
  }

  private tick = (): void => {
    this.listener({ caller: this.level("caller"), bot: this.level("bot") });
    this.frame = requestAnimationFrame(this.tick);
  };

  /** 0 (silence) to 1 (full scale), in equal steps of decibels. */
  private level(side: Side): number {
    const analyser = this.analysers[side];
    if (!analyser) return 0;
    analyser.getFloatTimeDomainData(this.samples);
    let sum = 0;
    for (const sample of this.samples) sum += sample * sample;
    const decibels = 10 * Math.log10(sum / this.samples.length + 1e-12);
    return Math.max(0, Math.min(1, 1 - decibels / FLOOR_DB));
  }
}
