/** Bugs of schedules and backfills. */
import type { PlantedBug } from "./bug.ts";

const EDIT = "shared/core/schedule-edit.ts";
const CURSOR = "shared/core/dag/cursor.ts";

export const SCHEDULE_BUGS: readonly PlantedBug[] = [
  {
    name: "catch-up that begins with the latest date",
    breaks: ["L2"],
    changes: [
      { file: CURSOR, find: "if (manifest.catchup !== null) {", replace: "if (manifest.catchup?.windowMs === 0) {" },
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
        file: "shared/app/deliver-dag.ts",
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
];
