/** Chance that can be repeated: the same seed, the same throws (mulberry32). */
export interface Dice {
  /** In [0, 1). */
  readonly throw: () => number;
  readonly chance: (probability: number) => boolean;
  /** Takes one of the items out of the list. */
  readonly take: <T>(items: T[]) => T | undefined;
  readonly shuffle: <T>(items: readonly T[]) => T[];
}

export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    throw: next,
    chance: (probability) => next() < probability,
    take: (items) => items.splice(Math.floor(next() * items.length), 1)[0],
    shuffle: (items) =>
      items
        .map((item) => ({ item, rank: next() }))
        .toSorted((a, b) => a.rank - b.rank)
        .map(({ item }) => item),
  };
}
