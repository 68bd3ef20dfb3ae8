import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AttemptItem } from "../../shared/core/attempt.ts";
import { assertNever } from "../../shared/core/errors.ts";
import { type AttemptKey, attemptKeyText } from "../../shared/core/ids.ts";
import { plus } from "../../shared/core/time.ts";
import type { AttemptStore } from "../../shared/ports/attempt-store.ts";
import { NOON, SECOND_MS, aSuccess, anAttemptKey } from "../builders/index.ts";
import { type Subject, withSubject } from "./subject.ts";

type Calls = Pick<AttemptStore, "claim" | "heartbeat" | "finish" | "close">;

/** One recorded sequence of calls gives the same answers, and leaves the same items, as a plain model in memory. */
export function attemptStoreModel(make: () => Promise<Subject & { readonly store: AttemptStore }>): void {
  describe("AttemptStore: any sequence of calls", () => {
    test("answers as a plain model in memory does", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(aStep(), { minLength: 1, maxLength: 30 }), async (steps) => {
          await withSubject(make, async ({ store: real }) => {
            const model = modelAttemptStore();
            for (const [index, step] of steps.entries()) {
              expect(await perform(real, step, index)).toEqual(await perform(model, step, index));
            }
            const left = KEYS.map((key) => model.items.get(attemptKeyText(key)) ?? null);
            expect(await real.read(KEYS)).toEqual(left);
          });
        }),
        { numRuns: 25 },
      );
    });
  });
}

const KEYS = [anAttemptKey(), anAttemptKey({ attempt: 2 })];

interface Step {
  readonly call: keyof Calls;
  readonly key: AttemptKey;
  readonly owner: string;
  /** Leases meet by chance. */
  readonly lease: number | null;
}

const aStep = (): fc.Arbitrary<Step> =>
  fc.record({
    call: fc.constantFrom("claim", "claim", "heartbeat", "finish", "close"),
    key: fc.constantFrom(...KEYS),
    owner: fc.constantFrom("ann", "bob"),
    lease: fc.constantFrom(null, 60, 90),
  });

async function perform(store: Calls, { call, key, owner, lease }: Step, index: number): Promise<unknown> {
  const at = plus(NOON, index * SECOND_MS);
  const leaseUntil = plus(NOON, (lease ?? 30) * SECOND_MS);
  switch (call) {
    case "claim":
      return store.claim(key, { owner, at, leaseUntil });
    case "heartbeat":
      return store.heartbeat(key, owner, leaseUntil, lease === null ? at : undefined);
    case "finish":
      return store.finish(key, owner, aSuccess(index), at);
    case "close":
      return store.close(key, { reason: "lost", at, ...(lease === null ? {} : { lease: leaseUntil }) });
    default:
      return assertNever(call);
  }
}

function modelAttemptStore(): Calls & { readonly items: ReadonlyMap<string, AttemptItem> } {
  const items = new Map<string, AttemptItem>();
  const set = (key: AttemptKey, item: AttemptItem): AttemptItem => {
    items.set(attemptKeyText(key), item);
    return item;
  };
  const get = (key: AttemptKey): AttemptItem | undefined => items.get(attemptKeyText(key));
  return {
    items,
    claim: async (key, { owner, at, leaseUntil }) => {
      const item = get(key);
      if (item !== undefined) return item.status === "running" && item.owner === owner ? "claimed" : item;
      set(key, { status: "running", owner, startedAt: at, leaseUntil });
      return "claimed";
    },
    heartbeat: async (key, owner, leaseUntil, startedAt) => {
      const item = get(key);
      if (item === undefined) return "absent";
      if (item.status !== "running" || item.owner !== owner) return item;
      set(key, { ...item, leaseUntil, startedAt: startedAt ?? item.startedAt });
      return "renewed";
    },
    finish: async (key, owner, outcome, endedAt) => {
      const item = get(key);
      if (item === undefined) return "absent";
      if (item.status === "finished" && item.owner === owner) return "finished";
      if (item.status !== "running" || item.owner !== owner) return item;
      set(key, { status: "finished", owner, startedAt: item.startedAt, endedAt, outcome });
      return "finished";
    },
    close: async (key, { reason, at: endedAt, lease }) => {
      const item = get(key);
      if (item === undefined) return set(key, { status: "revoked", endedAt, reason });
      if (item.status !== "running" || (lease !== undefined && lease !== item.leaseUntil)) return item;
      return set(key, { status: "closed", owner: item.owner, startedAt: item.startedAt, endedAt, reason });
    },
  };
}
