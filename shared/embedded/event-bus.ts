import type { Fact } from "../core/events.ts";
import type { EventBus } from "../ports/event-bus.ts";

export interface MemoryEventBus extends EventBus {
  /** Calls the listener with each fact from now on; the returned function ends that. */
  subscribe(listener: (fact: Fact) => void): () => void;
}

/** Facts go to whoever listens in this process. A listener that throws hears the next one all the same. */
export function createMemoryEventBus({ onFault }: { readonly onFault: (error: unknown) => void }): MemoryEventBus {
  const listeners = new Set<(fact: Fact) => void>();
  return {
    async publish(facts) {
      for (const fact of facts) {
        for (const listener of listeners) {
          try {
            listener(fact);
          } catch (error) {
            onFault(error);
          }
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
