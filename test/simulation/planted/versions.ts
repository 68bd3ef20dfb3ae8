/** Bugs of versions: what a run is decided and run by, and what becomes of it under another one. */
import type { PlantedBug } from "./bug.ts";

const MIGRATE = "shared/core/run/migrate.ts";
const DELIVER = "shared/app/deliver/run.ts";
const REGISTER = "shared/app/register.ts";

export const VERSION_BUGS: readonly PlantedBug[] = [
  {
    name: "run takes the newest graph without being asked",
    breaks: ["S2", "S3", "S4", "S5", "S6", "S8", "S10", "S11", "S12", "L1", "L6", "?"],
    changes: [
      {
        file: "shared/app/step/run.ts",
        find: "const version = await engine.versions(before.version);",
        replace:
          "const version = await engine.versions((await engine.dags.load(before.dagId))?.value.version ?? before.version);",
      },
    ],
  },
  {
    name: "dispatch with the newest code instead of the run's",
    breaks: ["S5"],
    changes: [
      {
        file: DELIVER,
        find: "const context = ofChunk?.context ?? contextOf(run, version);",
        replace:
          "const newest = (await engine.dags.load(run.dagId))?.value.version ?? run.version;\n  const context = ofChunk?.context ?? { ...contextOf(run, version), bundle: (await engine.versions(newest)).bundle };",
      },
    ],
  },
  {
    name: "moved run that keeps the result of a replaced task",
    breaks: ["S2"],
    changes: [{ file: MIGRATE, find: "if (before?.over !== after?.over) return false;", replace: "" }],
  },
  {
    name: "rows of a moved run off by one",
    breaks: ["S2"],
    changes: [
      {
        file: MIGRATE,
        find: "return rowOf(run.tasks, slot);",
        replace: "return rowOf(run.tasks, Math.max(0, slot - 1));",
      },
    ],
  },
  {
    name: "rows of another version taken by their places",
    breaks: ["S2", "S3", "S11"],
    changes: [
      {
        file: MIGRATE,
        find: "const slot = old.slotOf.get(spec.taskId);",
        replace: "const slot = plan.slotOf.get(spec.taskId);",
      },
    ],
  },
  {
    name: "task that comes back and counts from one",
    breaks: ["S3"],
    changes: [{ file: MIGRATE, find: "return freshRow(former[spec.taskId] ?? 0);", replace: "return freshRow(0);" }],
  },
  {
    name: "run moved over tasks at work",
    breaks: ["S5"],
    changes: [{ file: "shared/app/operate.ts", find: "if (busy.length > 0) {", replace: "if (busy.length > 1_000) {" }],
  },
  {
    name: "instances of a moved run that go on with the version before",
    breaks: ["S5"],
    changes: [
      {
        file: "shared/app/step/run.ts",
        find: "handOfBackfill(engine, events) ?? handOfParent(engine, events)",
        replace: "handOfBackfill(engine, events) ?? (events.length < 0 ? handOfParent(engine, events) : undefined)",
      },
    ],
  },
  {
    name: "verdict that stands although another version's rule is against it",
    breaks: ["S6"],
    changes: [
      {
        file: "shared/core/run/select.ts",
        find: "(isRuled && decideTask(task, draft, nameOf).verdict !== stateOf(draft, slot))",
        replace: "(isRuled && ended && decideTask(task, draft, nameOf).verdict === undefined)",
      },
    ],
  },
  {
    name: "removed DAG that stays so when it comes back as it was",
    breaks: ["L1"],
    changes: [
      { file: REGISTER, find: "=== version.version && !stored.value.removed)", replace: "=== version.version)" },
    ],
  },
];
