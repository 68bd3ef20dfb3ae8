/** Bugs of schedules and backfills. */
import type { PlantedBug } from "./bug.ts";

const EDIT = "shared/core/dag/schedule-edit.ts";
const CURSOR = "shared/core/dag/cursor.ts";

export const SCHEDULE_BUGS: readonly PlantedBug[] = [
  {
    name: "catch-up that begins with the latest date",
    breaks: ["L2"],
    changes: [
      {
        file: CURSOR,
        find: "if (manifest.catchup !== null) return dropOlder",
        replace: "if (manifest.catchup?.windowMs === 0) return dropOlder",
      },
    ],
  },
  {
    name: "gap that leaves out its last date",
    breaks: ["L2"],
    changes: [
      {
        file: CURSOR,
        find: "version: dag.version, from, to, ...start",
        replace: "version: dag.version, from, to: from, ...start",
      },
    ],
  },
  {
    name: "date passed over by a new version",
    breaks: ["L2"],
    changes: [
      {
        file: EDIT,
        find: "if (pending !== null && pending.due === nextFire) return pending;",
        replace: "if (pending !== null && cursor === null) return pending;",
      },
    ],
  },
  {
    name: "date lost with the schedule that it was due by",
    breaks: ["L2"],
    changes: [
      {
        file: EDIT,
        find: "if (!before || nextFire === null || nextFire > now) return null;",
        replace: "if (!before || nextFire === null || nextFire > now - 1_000_000_000) return null;",
      },
    ],
  },
  {
    name: "first date of all forgotten by a new version",
    breaks: ["L2"],
    changes: [{ file: EDIT, find: " ?? lateFrom(before, dag, now)", replace: "" }],
  },
  {
    name: "date that a backfill runs keeps the place of its DAG",
    breaks: ["S17"],
    changes: [
      {
        file: "shared/app/deliver/dag.ts",
        find: "if (stored.value.heldBy?.epoch === stored.value.epoch) return [gone];",
        replace: "",
      },
    ],
  },
  {
    name: "backfill that goes beyond its places",
    breaks: ["S9"],
    changes: [
      {
        file: "shared/core/backfill/decide.ts",
        find: "Math.min(backfill.plan.parallel - backfill.active.length,",
        replace: "Math.min(backfill.plan.parallel + 1 - backfill.active.length,",
      },
    ],
  },
  {
    name: "backfill that takes up a date and forgets it",
    breaks: ["S1", "L2"],
    changes: [
      {
        file: "shared/core/backfill/decide.ts",
        find: "active: [...backfill.active, ...taken] };",
        replace: "active: [...backfill.active, ...taken.slice(0, 1)] };",
      },
    ],
  },
  {
    name: "backfill that goes on although its DAG is paused",
    breaks: ["S9"],
    changes: [
      {
        file: "shared/app/step/backfill.ts",
        find: "before.plan.dagId))?.value.paused ?? null) !== null",
        replace: "before.plan.dagId))?.value.paused ?? null) === undefined",
      },
    ],
  },
  {
    name: "DAG that forgets what falls due before its hours begin",
    breaks: ["L2"],
    changes: [
      {
        file: CURSOR,
        find: "if (freePlaces(draft) > 0 && dag.nextFire > now) return dag.nextFire;",
        replace: "",
      },
    ],
  },
  {
    name: "time of day that clocks show twice, and that fires as if they did not",
    breaks: ["L2", "S9", "S13"],
    changes: [
      {
        file: "shared/core/schedule/fire.ts",
        find: 'return dst.fold === "first" ? at.slice(0, 1) : at.slice(1);',
        replace: "return at.slice(0, 1);",
      },
    ],
  },
  {
    name: "task that does not wait for the run before",
    breaks: ["S5"],
    changes: [
      {
        file: "shared/core/run/past.ts",
        find: "draft.head.past?.seen.includes(spec.taskId) !== true;",
        replace: "draft.head.past === undefined;",
      },
    ],
  },
];
