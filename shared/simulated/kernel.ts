/** Virtual time, and what is going to happen in it: one heap, one thing at a time, in an order that the seed decides. */

/** Events of one world at the most, where nothing else is said: one that needs more goes round in circles. */
export const STEPS_MAX = 400_000;

export interface Kernel {
  /** The true time, in milliseconds since 1970; actors only see it through their own clocks. */
  now(): number;
  /** Calls `run` at `at` (or now, if that has passed). */
  schedule(at: number, run: () => void): void;
  after(ms: number, run: () => void): void;
  /** A promise was settled: whoever waits for it goes on before the next event. */
  settled(): void;
  /** Lets things happen until `until`, or until `stopped` says so. */
  runUntil(until: number, stopped: () => boolean): Promise<void>;
  readonly steps: number;
}

interface Entry {
  readonly at: number;
  /** Ties go to the one scheduled first. */
  readonly order: number;
  readonly run: () => void;
}

export function createKernel(startAt: number, stepsMax = STEPS_MAX): Kernel {
  const heap = createHeap();
  let now = startAt;
  let order = 0;
  let pending = false;
  let steps = 0;
  const kernel: Kernel = {
    now: () => now,
    schedule: (at, run) => heap.push({ at: Math.max(at, now), order: order++, run }),
    after: (ms, run) => kernel.schedule(now + ms, run),
    settled: () => {
      pending = true;
    },
    async runUntil(until, stopped) {
      await microtasks();
      for (let next = heap.peek(); next !== undefined && next.at <= until; next = heap.peek()) {
        heap.pop();
        now = next.at;
        steps += 1;
        next.run();
        if (pending) {
          pending = false;
          await microtasks();
        }
        if (stopped() || steps > stepsMax) return;
      }
      now = Math.max(now, until);
    },
    get steps() {
      return steps;
    },
  };
  return kernel;
}

/**
 * Every promise that was settled has been heard by all who wait for it, and by those who wait for them: asked for among
 * microtasks, a tick comes after the last of them. (So does a macrotask, which costs five times as much.)
 */
const microtasks = (): Promise<void> =>
  new Promise((resolve) => {
    process.nextTick(resolve);
  });

interface Heap {
  push(entry: Entry): void;
  peek(): Entry | undefined;
  pop(): void;
}

function createHeap(): Heap {
  const entries: Entry[] = [];
  const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
  return {
    peek: () => entries[0],
    push(entry) {
      let at = entries.length;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        const above = entries[parent] as Entry;
        if (before(above, entry)) break;
        entries[at] = above;
        at = parent;
      }
      entries[at] = entry;
    },
    pop() {
      const last = entries.pop();
      if (last === undefined || entries.length === 0) return;
      let at = 0;
      for (;;) {
        const left = 2 * at + 1;
        if (left >= entries.length) break;
        const right = left + 1;
        const small = right < entries.length && before(entries[right] as Entry, entries[left] as Entry) ? right : left;
        const below = entries[small] as Entry;
        if (!before(below, last)) break;
        entries[at] = below;
        at = small;
      }
      entries[at] = last;
    },
  };
}
