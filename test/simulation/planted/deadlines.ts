/** Bugs around deadlines: when they are, and who is told of them how often. */
import type { PlantedBug } from "./bug.ts";

const DEADLINES = "shared/core/run/deadlines.ts";
const ADVANCE = "shared/core/run/advance.ts";

export const DEADLINE_BUGS: readonly PlantedBug[] = [
  {
    name: "missed deadline told again by whatever happens next",
    breaks: ["S2", "S4"],
    changes: [
      {
        file: DEADLINES,
        find: "const passed = openOf(draft.head).filter(({ at }) => at <= draft.now);",
        replace: "const passed = (draft.head.deadlines ?? []).filter(({ at }) => at <= draft.now);",
      },
    ],
  },
  {
    name: "missed deadline told and not noted",
    breaks: ["S11", "S4"],
    changes: [
      {
        file: DEADLINES,
        find: "draft.head = { ...draft.head, deadlines: noted };",
        replace: "draft.head = { ...draft.head, deadlines: noted.slice(0, 0).concat(deadlines) };",
      },
    ],
  },
  {
    name: "deadline of which nobody knows but a timer",
    breaks: ["L6"],
    changes: [{ file: ADVANCE, find: ", deadlineDue(draft.head));", replace: ");" }],
  },
  {
    name: "deadline forgotten by a run that fails",
    breaks: ["S2", "L6"],
    changes: [
      {
        file: "shared/core/run/ending.ts",
        find: 'if (outcome.state === "success") dropDeadlines(draft);',
        replace: "dropDeadlines(draft);",
      },
    ],
  },
  {
    name: "success that comes too late taken for one in time",
    breaks: ["S2", "L6"],
    changes: [
      {
        file: ADVANCE,
        find: `  noteMisses(draft);
  finishIfDone(draft);`,
        replace: `  finishIfDone(draft);
  noteMisses(draft);`,
      },
    ],
  },
  {
    name: "deadline counted from when its run started late",
    breaks: ["S13"],
    changes: [
      { file: "shared/core/run/new-run.ts", find: "queuedAt: now, dueAt };", replace: "queuedAt: now, dueAt: now };" },
    ],
  },
  {
    name: "deadlines of a date that a backfill makes up for",
    breaks: ["S13"],
    changes: [
      {
        file: "shared/core/schedule/deadline.ts",
        find: ' || facts.runType === "backfill") return [];',
        replace: ") return [];",
      },
    ],
  },
];
