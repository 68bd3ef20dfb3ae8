import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RunId, commitId, runId } from "../../shared/core/ids.ts";
import type { Run } from "../../shared/core/run.ts";
import type { RunStore } from "../../shared/ports/run-store.ts";
import type { Stored } from "../../shared/ports/stored.ts";
import { NOON, aRun } from "../builders/index.ts";
import type { RunStoreSubject } from "./run-store-indexes.ts";
import { present, withSubject } from "./subject.ts";

/** One recorded sequence of calls gives the same answers as a plain model in memory. */
export function runStoreModel(make: () => Promise<RunStoreSubject>): void {
  describe("RunStore: any sequence of calls", () => {
    test("answers as a plain model in memory does", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(aCall(), { minLength: 1, maxLength: 25 }), async (calls) => {
          await withSubject(make, async ({ store: real, settle = async () => {} }) => {
            const model = modelRunStore();
            for (const [index, call] of calls.entries()) {
              expect(await perform(real, call, index)).toEqual(await perform(model, call, index));
            }
            await settle();
            for (const query of [{ limit: 10 }, { state: "running", limit: 10 }] as const) {
              const { runs } = await real.list(query);
              expect(runs.toSorted(byId)).toEqual((await model.list(query)).runs.toSorted(byId));
            }
          });
        }),
        { numRuns: 15 },
      );
    });
  });
}

const byId = (a: Run, b: Run): number => (a.runId < b.runId ? -1 : 1);

type Call =
  /** `tries`: how often the same commit is made, as after a lost reply. */
  | { readonly call: "create"; readonly run: Run; readonly tries: number }
  /** On what a load gave, or on the version before it. */
  | { readonly call: "commit"; readonly run: Run; readonly behind: number; readonly tries: number }
  | { readonly call: "load"; readonly id: RunId };

function aCall(): fc.Arbitrary<Call> {
  const id = fc.constantFrom("orders.a", "orders.b").map(runId);
  const tries = fc.constantFrom(1, 1, 2);
  const run = fc
    .record({
      id,
      state: fc.constantFrom("queued", "running", "failed"),
      transitions: fc.integer({ min: 0, max: 9 }),
      due: fc.constantFrom(null, NOON),
    })
    .map(({ id: named, ...rest }) => aRun({ runId: named, ...rest }));
  return fc.oneof(
    fc.record({ call: fc.constant("create" as const), run, tries }),
    fc.record({ call: fc.constant("commit" as const), run, behind: fc.constantFrom(0, 0, 0, 1), tries }),
    fc.record({ call: fc.constant("load" as const), id }),
  );
}

async function perform(store: RunStore, step: Call, index: number): Promise<unknown[]> {
  if (step.call === "load") return [await store.load(step.id)];
  const id = commitId(`c${index}`);
  const there = (await store.load(step.run.runId)) ?? { value: step.run, version: 1 };
  const read = { ...there, version: step.call === "commit" ? there.version - step.behind : 0 };
  const answers: unknown[] = [];
  for (let n = 0; n < step.tries; n++) {
    answers.push(step.call === "create" ? await store.create(step.run, id) : await store.commit(read, step.run, id));
  }
  return answers;
}

function modelRunStore(): RunStore {
  const records = new Map<RunId, Stored<Run> & { readonly commit: string }>();
  const read = (id: RunId): Stored<Run> | undefined => {
    const record = records.get(id);
    return record === undefined ? undefined : { value: record.value, version: record.version };
  };
  return {
    load: async (id) => read(id),
    create: async (value, commit) => {
      const record = records.get(value.runId);
      if (record !== undefined) return record.commit === commit ? "created" : present(read(value.runId));
      records.set(value.runId, { value, version: 1, commit });
      return "created";
    },
    commit: async ({ version }, value, commit) => {
      const record = records.get(value.runId);
      if (record === undefined) return "missing";
      if (record.version !== version) return record.commit === commit ? "committed" : "stale";
      records.set(value.runId, { value, version: version + 1, commit });
      return "committed";
    },
    list: async ({ state, limit }) => ({
      runs: [...records.values()]
        .map(({ value }) => value)
        .filter((run) => state === undefined || run.state === state)
        .slice(0, limit),
    }),
    queued: async () => [],
  };
}
