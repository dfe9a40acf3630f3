// The loops themselves: chords held by soft voices, plucked notes over them. Sines, envelopes and a
// little chance from a fixed seed; every sample is the same on every machine that rounds alike.

export interface Track {
  name: string;
  mood: string;
  /** MIDI notes of each chord. */
  chords: readonly (readonly number[])[];
  /** Seconds a chord lasts. */
  seconds: number;
  /** Plucked notes in a chord; 0 for none. */
  plucks: number;
  /** How loud a soft noise of waves is. */
  sea: number;
}

export const TRACKS: readonly Track[] = [
  {
    name: "Still water",
    mood: "Slow chords and waves",
    chords: [[50, 57, 62, 66], [47, 54, 62, 66], [43, 55, 59, 66], [45, 52, 61, 64]],
    seconds: 6,
    plucks: 0,
    sea: 0.05,
  },
  {
    name: "Morning light",
    mood: "Bright, a few bells",
    chords: [[48, 55, 64, 67], [45, 52, 60, 67], [41, 53, 60, 64], [43, 55, 59, 62]],
    seconds: 4,
    plucks: 8,
    sea: 0,
  },
  {
    name: "Night train",
    mood: "A steady pulse",
    chords: [[45, 52, 60, 64], [45, 53, 60, 65], [43, 52, 59, 64], [40, 52, 56, 62]],
    seconds: 3.2,
    plucks: 16,
    sea: 0.012,
  },
  {
    name: "Paper lanterns",
    mood: "Five notes, far apart",
    chords: [[50, 57, 62, 69], [52, 59, 64, 67], [47, 57, 62, 64]],
    seconds: 5,
    plucks: 5,
    sea: 0.02,
  },
];

const HZ = 16000;
const TAIL_SECONDS = 2.2;

/** One loop: left, right, samples a second. What rings on at the end sounds into the beginning. */
export function render(track: Track): [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>, number] {
  const length = Math.round(track.chords.length * track.seconds * HZ);
  const left = new Float32Array(length);
  const right = new Float32Array(length);
  const random = chance(track.name.length * 7919);
  track.chords.forEach((chord, index) => {
    const from = index * track.seconds;
    chord.forEach((note, voice) => {
      const side = voice / (chord.length - 1);
      hold(left, right, pitch(note), from, track.seconds + TAIL_SECONDS, side);
    });
    for (let nth = 0; nth < track.plucks; nth++) {
      const note = (chord[Math.floor(random() * chord.length)] ?? 60) + 12;
      pluck(left, right, pitch(note), from + (nth * track.seconds) / track.plucks, random());
    }
  });
  if (track.sea) waves(left, right, track.sea, random);
  return [left, right, HZ];
}

function pitch(note: number): number {
  return 440 * 2 ** ((note - 69) / 12);
}

/** A sine that goes on by turning a pointer: ten times as fast as asking for each sample's sine. */
class Sine {
  private x = 1;
  private y = 0;
  private readonly cos: number;
  private readonly sin: number;

  constructor(hertz: number) {
    this.cos = Math.cos((2 * Math.PI * hertz) / HZ);
    this.sin = Math.sin((2 * Math.PI * hertz) / HZ);
  }

  next(): number {
    const x = this.x * this.cos - this.y * this.sin;
    this.y = this.x * this.sin + this.y * this.cos;
    this.x = x;
    return this.y;
  }
}

/** A soft voice that swells and fades. `side` 0 is left. */
function hold(
  left: Float32Array,
  right: Float32Array,
  hertz: number,
  from: number,
  seconds: number,
  side: number,
): void {
  const count = Math.round(seconds * HZ);
  const start = Math.round(from * HZ);
  const [first, second, third] = [new Sine(hertz), new Sine(2.003 * hertz), new Sine(2.998 * hertz)];
  const swelling = new Sine(0.5 / seconds);
  for (let i = 0; i < count; i++) {
    const swell = Math.max(0, swelling.next());
    const tone = first.next() + 0.35 * second.next() + 0.12 * third.next();
    mix(left, right, start + i, tone * swell * Math.sqrt(swell) * 0.055, side);
  }
}

/** A plucked note that dies away. */
function pluck(
  left: Float32Array,
  right: Float32Array,
  hertz: number,
  from: number,
  side: number,
): void {
  const start = Math.round(from * HZ);
  const [first, third] = [new Sine(hertz), new Sine(3 * hertz)];
  const fading = Math.exp(-3.6 / HZ);
  let fade = 0.06;
  for (let i = 0; i < HZ * 1.4; i++) {
    fade *= fading;
    const attack = Math.min(1, i / 120);
    mix(left, right, start + i, (first.next() + third.next() * fade * 6) * fade * attack, side);
  }
}

function waves(left: Float32Array, right: Float32Array, loud: number, random: () => number): void {
  let low = 0;
  for (let i = 0; i < left.length; i++) {
    low += 0.06 * (random() * 2 - 1 - low);
    const swell = 0.6 - 0.4 * Math.cos((4 * Math.PI * i) / left.length);
    mix(left, right, i, low * swell * loud * 6, 0.5);
  }
}

function mix(left: Float32Array, right: Float32Array, at: number, sample: number, side: number): void {
  const index = at % left.length;
  left[index] = (left[index] ?? 0) + sample * (1 - side * 0.7);
  right[index] = (right[index] ?? 0) + sample * (0.3 + side * 0.7);
}

/** Numbers between 0 and 1 that look random and are always the same (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
