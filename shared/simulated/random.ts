/** The one source of chance of a simulation: everything that happens follows from its seed. */

export interface Random {
  /** In [0, 1). */
  next(): number;
  chance(probability: number): boolean;
  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number;
  /** Throws on an empty list. */
  pick<T>(values: readonly T[]): T;
  /** One of the values, as often as its weight says. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T;
  /** Many small values, few large ones, in [min, max). */
  skewed(min: number, max: number): number;
  /** A stream of its own: what is drawn from it does not shift what is drawn here. */
  fork(label: string): Random;
}

/** Equal seeds and labels, equal streams. */
export function randomOf(seed: number, label: string): Random {
  const [a, b, c, d] = spread(`${label}#${seed}`);
  return over(sfc32(a, b, c, d), seed, label);
}

function over(next: () => number, seed: number, label: string): Random {
  const random: Random = {
    next,
    chance: (probability) => probability > 0 && next() < probability,
    integer: (min, max) => min + Math.floor(next() * (max - min + 1)),
    pick: (values) => {
      if (values.length === 0) throw new RangeError("nothing to pick from");
      return values[Math.floor(next() * values.length)] as (typeof values)[number];
    },
    weighted: (choices) => {
      let rest = next() * choices.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, value] of choices) if ((rest -= weight) < 0) return value;
      return (choices.at(-1) as (typeof choices)[number])[1];
    },
    skewed: (min, max) => min + (max - min) * next() ** 3,
    fork: (name) => randomOf(seed, `${label}/${name}`),
  };
  return random;
}

/** Chris Doty-Humphrey's Small Fast Counter, 32 bits: passes PractRand, and is four additions a number. */
function sfc32(a0: number, b0: number, c0: number, d0: number): () => number {
  let [a, b, c, d] = [a0, b0, c0, d0];
  const next = (): number => {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4_294_967_296;
  };
  for (let round = 0; round < 12; round++) next();
  return next;
}

/** 128 bits of a text (cyrb128): neighbouring seeds begin far apart. */
function spread(text: string): [number, number, number, number] {
  let [h1, h2, h3, h4] = [1_779_033_703, 3_144_134_277, 1_013_904_242, 2_773_480_762];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    h1 = h2 ^ Math.imul(h1 ^ code, 597_399_067);
    h2 = h3 ^ Math.imul(h2 ^ code, 2_869_860_233);
    h3 = h4 ^ Math.imul(h3 ^ code, 951_274_213);
    h4 = h1 ^ Math.imul(h4 ^ code, 2_716_044_179);
  }
  h1 = Math.imul(h3 ^ (h1 >>> 18), 597_399_067);
  h2 = Math.imul(h4 ^ (h2 >>> 22), 2_869_860_233);
  h3 = Math.imul(h1 ^ (h3 >>> 17), 951_274_213);
  h4 = Math.imul(h2 ^ (h4 >>> 19), 2_716_044_179);
  return [h1 ^ h2 ^ h3 ^ h4, h2 ^ h1, h3 ^ h1, h4 ^ h1];
}

/** The whole text of what `spread` makes of it, in hex: names things by their content. */
export const digestOf = (text: string): string =>
  spread(text)
    .map((part) => (part >>> 0).toString(16).padStart(8, "0"))
    .join("");
