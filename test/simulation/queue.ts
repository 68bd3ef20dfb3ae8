/** A queue as the cloud has them: at least once, in any order, late, or never. Messages go out to one consumer. */
import type { Faults } from "./faults.ts";
import type { Kernel } from "../../shared/simulated/kernel.ts";
import type { Random } from "../../shared/simulated/random.ts";

export interface Entry<Message> {
  readonly message: Message;
  readonly sentAt: number;
  receives: number;
  /** Whoever takes it has no hands for it. */
  readonly starved: boolean;
  state: "coming" | "ready" | "taken" | "gone";
}

export interface SimulatedQueue<Message> {
  /** The queue has it now. */
  accept(message: Message, delayMs: number): void;
  /** Up to `count` messages that are there, any of them. */
  take(count: number): Entry<Message>[];
  /** The handler is done with it. */
  remove(entry: Entry<Message>): void;
  /** Nobody has removed it in time: it comes again. */
  comeAgain(entry: Entry<Message>): void;
  /** Called whenever a message is ready. */
  onReady: () => void;
  /** Dead letters and whatever is late come soon. */
  hurry(): void;
  /** Messages that have not been removed. */
  open(): number;
  /** Messages that were given up since the faults stopped. */
  readonly dead: readonly Message[];
}

interface Parts<Message> {
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly random: Random;
  /** Whether nothing is lost with it that anybody else could tell: then it is never dropped, only late. */
  readonly precious: (message: Message) => boolean;
  /** Where a message goes that is given up; without it, it is handed out for as long as it takes. */
  readonly onDead?: (message: Message) => void;
}

/** Receives of one message before it is set aside. */
const RECEIVES_MAX = 5;
const DELIVERY_MS_MAX = 80;
/** Between two tries to hand out a message that nobody has hands for. */
const STARVED_MS_MAX = 20_000;
const LATE_MS_MAX = 2 * 3_600_000;

export function createQueue<Message>({
  kernel,
  faults,
  random,
  precious,
  onDead,
}: Parts<Message>): SimulatedQueue<Message> {
  const entries = new Set<Entry<Message>>();
  let ready: Entry<Message>[] = [];
  const dead: Message[] = [];
  const queue: SimulatedQueue<Message> = {
    onReady: () => {},
    dead,
    open: () => entries.size,
    accept(message, delayMs) {
      if (faults.strikes("queue:dropped")) {
        if (!precious(message)) return;
        // Lost on its way and sent again by whoever has to see to it.
        delayMs += random.skewed(1_000, LATE_MS_MAX);
      }
      put(message, delayMs);
      if (faults.strikes("queue:duplicated")) put(message, delayMs + random.skewed(0, 60_000));
    },
    take(count) {
      const taken: Entry<Message>[] = [];
      while (taken.length < count && ready.length > 0) {
        const index = random.integer(0, ready.length - 1);
        const [entry] = ready.splice(index, 1) as [Entry<Message>];
        if (ready.some((other) => other.sentAt < entry.sentAt)) faults.count("queue:reordered");
        entry.state = "taken";
        entry.receives += 1;
        if (entry.starved && faults.active)
          kernel.after(random.skewed(100, STARVED_MS_MAX), () => queue.comeAgain(entry));
        else taken.push(entry);
      }
      return taken;
    },
    remove(entry) {
      if (entry.state === "ready") ready = ready.filter((other) => other !== entry);
      entry.state = "gone";
      entries.delete(entry);
    },
    comeAgain(entry) {
      if (entry.state !== "taken") return;
      if (onDead !== undefined && entry.receives >= RECEIVES_MAX) {
        faults.count("queue:dead_letter");
        queue.remove(entry);
        dead.push(entry.message);
        onDead(entry.message);
        return;
      }
      faults.count("queue:redelivered");
      show(entry);
    },
    hurry() {
      dead.length = 0;
      for (const entry of entries) {
        // Whoever becomes a dead letter from now on has failed without anything going wrong.
        entry.receives = 0;
        if (entry.state === "coming") kernel.after(random.integer(0, 60_000), () => show(entry));
      }
    },
  };

  function put(message: Message, delayMs: number): void {
    const starved = onDead !== undefined && faults.strikes("queue:starved");
    const entry: Entry<Message> = { message, sentAt: kernel.now(), receives: 0, starved, state: "coming" };
    entries.add(entry);
    const lateMs = faults.strikes("queue:delayed") ? random.skewed(1_000, LATE_MS_MAX) : 0;
    kernel.after(delayMs + lateMs + random.skewed(2, DELIVERY_MS_MAX), () => {
      if (entry.state === "coming") show(entry);
    });
  }

  function show(entry: Entry<Message>): void {
    if (entry.state === "gone" || entry.state === "ready") return;
    entry.state = "ready";
    ready.push(entry);
    queue.onReady();
  }

  return queue;
}
