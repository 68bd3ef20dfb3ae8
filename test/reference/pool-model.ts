/**
 * A pool as one would explain it: people in a queue, served one at a time, the best-ranked first, whoever does not fit makes
 * the others wait. It shares no code with the core.
 */

export interface ModelInstance {
  readonly run: string;
  readonly weight: number;
  readonly priority: number;
}

export interface PoolModel {
  /** Of each run, how many slots its instances at work hold. */
  held(run: string): number;
  queue(instance: ModelInstance): void;
  /** Instances of the run end, the one that began first before the others. */
  end(run: string, count: number): void;
  /** The run is over. */
  leave(run: string): void;
  resize(slots: number): void;
  waiting(run: string): readonly ModelInstance[];
}

export function poolModel(size: number): PoolModel {
  let slots = size;
  let waiting: ModelInstance[] = [];
  let working: ModelInstance[] = [];
  const used = (): number => working.reduce((sum, { weight }) => sum + weight, 0);

  function serve(): void {
    for (;;) {
      const candidates = waiting.filter(({ weight }) => weight <= slots);
      const best = candidates.reduce<ModelInstance | undefined>(
        (first, next) => (first === undefined || next.priority > first.priority ? next : first),
        undefined,
      );
      if (best === undefined || used() + best.weight > slots) return;
      waiting = waiting.filter((instance) => instance !== best);
      working = [...working, best];
    }
  }

  return {
    held: (run) => working.filter((instance) => instance.run === run).reduce((sum, { weight }) => sum + weight, 0),
    queue(instance) {
      waiting = [...waiting, instance];
      serve();
    },
    end(run, count) {
      const ended = working.filter((instance) => instance.run === run).slice(0, count);
      working = working.filter((instance) => !ended.includes(instance));
      serve();
    },
    leave(run) {
      waiting = waiting.filter((instance) => instance.run !== run);
      working = working.filter((instance) => instance.run !== run);
      serve();
    },
    resize(to) {
      slots = to;
      serve();
    },
    waiting: (run) => waiting.filter((instance) => instance.run === run),
  };
}
