/** Functions and workers that a queue feeds: batches, redelivery, crashes, and zombies. */
import { createProcess, type Host, type Process } from "../../../shared/simulated/process.ts";
import type { Entry, SimulatedQueue } from "../queue.ts";
import type { World } from "../world.ts";
import type { Outage } from "../world/plan.ts";

/** How far a scheduler's clock may be off; an executor's may be further. */
export const SCHEDULER_SKEW_MS_MAX = 2_000;
export const EXECUTOR_SKEW_MS_MAX = 10_000;

export interface ConsumerOptions<Message> {
  readonly name: string;
  readonly queue: SimulatedQueue<Message>;
  readonly hosts: number;
  readonly slotsPerHost: number;
  readonly batchMax: number;
  readonly skewMsMax: number;
  /** From the start: messages that are not removed by then come again. */
  readonly visibilityMs: (messages: readonly Message[]) => number;
  /** From the start: a process that still works then is killed; null: never. */
  readonly timeoutMs: (messages: readonly Message[]) => number | null;
  /** All machines are down for so long. */
  readonly outage?: Outage | undefined;
  /** Returns the messages that failed. */
  readonly handle: (process: Process, messages: readonly Message[]) => Promise<readonly Message[]>;
}

export const isDuring = (outage: Outage | undefined, at: number): boolean =>
  outage !== undefined && outage.from <= at && at < outage.until;

interface Machine {
  readonly host: Host;
  readonly working: Set<Process>;
}

export function startConsumer<Message>(world: World, options: ConsumerOptions<Message>): void {
  const { queue, outage } = options;
  const { faults, kernel } = world;
  const random = world.random.fork(options.name);
  const machines = Array.from({ length: options.hosts }, (_, index): Machine => {
    const skewMs = faults.strikes("clock:skewed") ? skewOf(options.skewMsMax) : 0;
    return { host: { name: `${options.name}-${index + 1}`, skewMs, versions: new Map() }, working: new Set() };
  });
  queue.onReady = pump;
  if (outage !== undefined) {
    kernel.schedule(outage.from, () => {
      faults.count("compute:outage");
      for (const machine of machines) crash(machine);
    });
    kernel.schedule(outage.until, pump);
  }

  function skewOf(limitMs: number): number {
    return Math.round((random.next() * 2 - 1) * limitMs);
  }

  function pump(): void {
    while (!isDuring(outage, kernel.now())) {
      const free = machines.filter((machine) => machine.working.size < options.slotsPerHost);
      if (free.length === 0) return;
      const entries = queue.take(random.integer(1, options.batchMax));
      if (entries.length === 0) return;
      start(random.pick(free), entries);
      if (faults.strikes("compute:duplicate_invocation")) start(random.pick(machines), entries);
    }
  }

  function start(machine: Machine, entries: readonly Entry<Message>[]): void {
    const { host, working } = machine;
    const messages = entries.map((entry) => entry.message);
    const process = createProcess(world, host, `${host.name}/${world.count()}`, release);
    working.add(process);
    if (faults.strikes("clock:jumped")) host.skewMs = skewOf(options.skewMsMax);
    if (faults.strikes("compute:host_crash")) kernel.after(random.skewed(10, 20_000), () => crash(machine));
    kernel.after(options.visibilityMs(messages), () => {
      if (process.alive && working.has(process)) faults.count("compute:zombie");
      for (const entry of entries) queue.comeAgain(entry);
    });
    const timeoutMs = options.timeoutMs(messages);
    if (timeoutMs !== null) kernel.after(timeoutMs, timeOut);
    options.handle(process, messages).then(
      (failed) => finish(failed),
      // All of the batch comes again once it is visible.
      () => finish(messages),
    );
    kernel.settled();

    function timeOut(): void {
      if (!process.alive || !working.has(process)) return;
      // Some are killed; of others, what was left unfinished resumes with a later invocation.
      if (faults.active && random.chance(0.4)) return release();
      faults.count("compute:timeout");
      process.kill();
    }

    function release(): void {
      if (working.delete(process)) pump();
    }

    function finish(failed: readonly Message[]): void {
      if (!process.alive) return;
      process.end();
      for (const entry of entries) if (!failed.includes(entry.message)) queue.remove(entry);
      release();
    }
  }

  function crash({ host, working }: Machine): void {
    host.versions.clear();
    for (const process of working) process.kill();
  }
}
