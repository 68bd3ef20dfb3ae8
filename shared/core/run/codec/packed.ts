/** Whole numbers in as few bytes as they need: seven bits a byte, the lowest first. */

export interface PackedWriter {
  /** A number that is not negative. */
  count(value: number): void;
  /** A number that may be negative; small ones of either sign are short. */
  difference(value: number): void;
  bytes(): Uint8Array;
}

export function packedWriter(): PackedWriter {
  let buffer = new Uint8Array(256);
  let end = 0;
  const byte = (value: number): void => {
    if (end === buffer.length) {
      const larger = new Uint8Array(buffer.length * 2);
      larger.set(buffer);
      buffer = larger;
    }
    buffer[end++] = value;
  };
  const count = (value: number): void => {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) byte((rest % 128) + 128);
    byte(rest);
  };
  return {
    count,
    difference: (value) => count(value < 0 ? -2 * value - 1 : 2 * value),
    bytes: () => buffer.slice(0, end),
  };
}

export interface PackedReader {
  count(): number;
  difference(): number;
}

/** Throws RangeError on bytes that end too soon. */
export function packedReader(bytes: Uint8Array, start: number): PackedReader {
  let at = start;
  const count = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError(`${bytes.length} packed bytes end in the middle of a number`);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  return {
    count,
    difference: () => {
      const value = count();
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    },
  };
}
