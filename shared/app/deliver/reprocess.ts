/** Runs again, for a backfill, what a date has had a run for. */
import type { RunEvent } from "../../core/events.ts";
import type { Run } from "../../core/run.ts";
import { atWork, migrate } from "../../core/run/migrate.ts";
import { judge } from "../../core/run/operate.ts";
import { isRunEnded } from "../../core/states.ts";
import { auditOf } from "../audit-run.ts";
import type { Engine } from "../engine.ts";
import type { Hand } from "../hand.ts";

type Reprocess = Extract<RunEvent, { type: "reprocess" }>;

/** What the events change by somebody's hand: the backfill that he started opens the run again. */
export function handOfBackfill(engine: Engine, events: readonly RunEvent[]): Hand<Run> | undefined {
  const event = events.find((each) => each.type === "reprocess");
  if (event === undefined) return undefined;
  return {
    prepare: async (before) => takenOver(engine, before, event),
    audit: async (before, after) => {
      if (after.epoch === before.epoch) return undefined;
      const versions = await Promise.all([engine.versions(before.version), engine.versions(after.version)]);
      const action = `backfill --reprocess ${event.onlyFailed ? "failed" : "completed"}`;
      const act = { runId: after.runId, at: engine.clock.now(), by: event.by, reason: event.backfillId, action };
      return auditOf(act, [before, after], versions);
    },
  };
}

/** Under the version that the backfill asks for; as it is, if nothing of it would run again, or its hooks are still at work. */
async function takenOver(engine: Engine, before: Run, event: Reprocess): Promise<Run> {
  const { version, epoch, by } = event;
  if (version === undefined || version === before.version) return before;
  if (!isRunEnded(before.state) || before.epoch !== epoch) return before;
  const [from, to] = await Promise.all([engine.versions(before.version), engine.versions(version)]);
  if (atWork(before, from.manifest).length > 0) return before;
  const run = migrate(before, from.manifest, to.manifest, version);
  const clear = { type: "clear", selection: selectionOf(event), by, reason: "" } as const;
  return judge(run, to.manifest, clear, engine.clock.now()).problems.length > 0 ? before : run;
}

const selectionOf = ({ tasks, onlyFailed }: Reprocess) => ({
  tasks: tasks.map((taskId) => ({ taskId, mapIndex: null })),
  upstream: false,
  downstream: false,
  onlyFailed,
});

/** Whether something of the run is at work although it has ended: its hooks. */
export async function isBusy({ versions }: Pick<Engine, "versions">, run: Run): Promise<boolean> {
  return atWork(run, (await versions(run.version)).manifest).length > 0;
}
