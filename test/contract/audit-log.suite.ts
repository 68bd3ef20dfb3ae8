import { describe, expect, test } from "vitest";
import { commitId, dagId, runId } from "../../shared/core/ids.ts";
import type { AuditEntry, AuditSubject } from "../../shared/core/operation.ts";
import { plus } from "../../shared/core/time.ts";
import type { AuditLog } from "../../shared/ports/audit-log.ts";
import type { DagStore } from "../../shared/ports/dag-store.ts";
import type { RunStore } from "../../shared/ports/run-store.ts";
import { A_PAUSE, NOON, aDagRecord, aRun } from "../builders/index.ts";
import { type Subject, atOnce, countOf, freshly, present } from "./subject.ts";

export interface AuditLogSubject extends Subject {
  readonly log: AuditLog;
  readonly runs: RunStore;
  readonly dags: DagStore;
}

const WRITERS = 20;
const RUN: AuditSubject = { kind: "run", id: runId("orders.run-1") };
const DAG: AuditSubject = { kind: "dag", id: dagId("orders") };

const anEntry = (subject: AuditSubject, overrides: Partial<AuditEntry> = {}): AuditEntry => ({
  subject,
  at: NOON,
  by: "ann",
  reason: "naïve 日本 😀 \u0000\n'\"",
  action: "clear extract --downstream",
  before: { state: "failed", tasks: { extract: "failed", "load[3]": "upstream_failed" }, paused: false },
  after: { state: "queued", tasks: { extract: "none", "load[3]": "none" }, pausedTasks: [] },
  ...overrides,
});

/** What every store of operators' acts does, whatever it is built on. */
export function auditLogContract(make: () => Promise<AuditLogSubject>): void {
  describe("an audit log", () => {
    const subject = freshly(make);

    test("has nothing about a record that nobody touched", async () => {
      await subject().runs.create(aRun(), commitId("c1"));

      expect(await subject().log.list(RUN, 10)).toEqual([]);
    });

    test("has what was stored with a commit, whole, under the version that it made", async () => {
      const { runs, log } = subject();
      await runs.create(aRun(), commitId("c1"));
      const read = present(await runs.load(aRun().runId));

      expect(await runs.commit(read, aRun({ epoch: 2 }), commitId("c2"), anEntry(RUN))).toBe("committed");

      expect(await log.list(RUN, 10)).toEqual([{ ...anEntry(RUN), version: 2 }]);
      expect(await runs.load(aRun().runId)).toEqual({ value: aRun({ epoch: 2 }), version: 2 });
    });

    test("has nothing of a commit that was refused", async () => {
      const { runs, log } = subject();
      await runs.create(aRun(), commitId("c1"));
      const read = present(await runs.load(aRun().runId));
      await runs.commit(read, aRun({ epoch: 2 }), commitId("c2"));

      expect(await runs.commit(read, aRun({ epoch: 3 }), commitId("c3"), anEntry(RUN))).toBe("stale");
      expect(await log.list(RUN, 10)).toEqual([]);
    });

    test("has nothing of a commit on a record that is not there", async () => {
      const { runs, log } = subject();

      expect(await runs.commit({ value: aRun(), version: 1 }, aRun(), commitId("c1"), anEntry(RUN))).toBe("missing");
      expect(await log.list(RUN, 10)).toEqual([]);
    });

    test("has it once, however often the same commit is tried", async () => {
      const { runs, log } = subject();
      await runs.create(aRun(), commitId("c1"));
      const read = present(await runs.load(aRun().runId));
      const commit = () => runs.commit(read, aRun({ epoch: 2 }), commitId("c2"), anEntry(RUN));

      expect([await commit(), await commit()]).toEqual(["committed", "committed"]);
      expect(await log.list(RUN, 10)).toHaveLength(1);
    });

    test("has that of the one writer who won", async () => {
      const { runs, log } = subject();
      await runs.create(aRun(), commitId("c1"));
      const read = present(await runs.load(aRun().runId));
      const results = await atOnce(WRITERS, (writer) =>
        runs.commit(read, aRun({ epoch: writer }), commitId(`w${writer}`), anEntry(RUN, { by: `writer-${writer}` })),
      );

      expect(countOf(results, "committed")).toBe(1);
      const winner = `writer-${results.indexOf("committed")}`;
      expect((await log.list(RUN, 10)).map(({ by }) => by)).toEqual([winner]);
    });

    test("lists the newest first, and no more than asked for", async () => {
      const { runs, log } = subject();
      await runs.create(aRun(), commitId("c1"));
      for (let turn = 0; turn < 12; turn++) {
        const read = present(await runs.load(aRun().runId));
        const audit = anEntry(RUN, { at: plus(NOON, turn), action: `pause ${turn}` });
        // Not every commit is an operator's.
        await runs.commit(read, aRun({ epoch: turn }), commitId(`t${turn}`), ...(turn % 2 === 0 ? [audit] : []));
      }

      const actions = (await log.list(RUN, 3)).map(({ action, version }) => `${version}: ${action}`);
      expect(actions).toEqual(["12: pause 10", "10: pause 8", "8: pause 6"]);
    });

    test("keeps records apart, of DAGs too", async () => {
      const { runs, dags, log } = subject();
      await runs.create(aRun(), commitId("c1"));
      await dags.create(aDagRecord(), commitId("c2"));
      const read = present(await dags.load(aDagRecord().dagId));

      const entry = anEntry(DAG, { action: "pause" });
      expect(await dags.commit(read, aDagRecord({ paused: A_PAUSE }), commitId("c3"), entry)).toBe("committed");

      expect(await log.list(DAG, 10)).toEqual([{ ...entry, version: 2 }]);
      expect(await log.list(RUN, 10)).toEqual([]);
      expect(await log.list({ kind: "run", id: runId("orders.run-10") }, 10)).toEqual([]);
    });
  });
}
