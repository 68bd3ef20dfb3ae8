/** Bugs of decisions: rules, endings, places, schedules. */
import type { PlantedBug } from "./bug.ts";

const ACTIVE = "shared/core/dag/active.ts";
const ENDING = "shared/core/run/ending.ts";
const RULES = "shared/core/trigger-rules.ts";

export const DECISION_BUGS: readonly PlantedBug[] = [
  {
    name: "all_done decided early",
    breaks: ["S5"],
    changes: [
      {
        file: RULES,
        find: `  "all_done",\n  "all_done_min_one_success",\n  "all_done_setup`,
        replace: `  "all_done_setup`,
      },
    ],
  },
  {
    name: "skip through one_success",
    breaks: ["S6", "L6"],
    changes: [
      {
        file: RULES,
        find: `    case "one_success":\n      return success ? "run"`,
        replace: `    case "one_success":\n      return skipped ? "skipped" : success ? "run"`,
      },
    ],
  },
  {
    name: "rule decided before its branch",
    breaks: ["S5", "S6"],
    changes: [
      {
        file: "shared/core/run/verdict.ts",
        find: `if (!task.gates.every((gate) => isTerminal(table, gate))) return { verdict: "wait" };`,
        replace: "",
      },
    ],
  },
  {
    name: "run ended over a live task",
    breaks: ["S3", "S10"],
    changes: [
      {
        file: ENDING,
        find: "else if (TASK_STATE[state].inFlight) restart(draft, slot, reason, target);",
        replace: "",
      },
    ],
  },
  {
    name: "dispatch after cancel",
    breaks: ["S5"],
    changes: [
      {
        file: "shared/core/run/ready.ts",
        find: "isEnding(draft) ? decideLateTeardown(task, draft) :",
        replace: 'isEnding(draft) && task.spec.role === "teardown" ? decideLateTeardown(task, draft) :',
      },
      {
        file: ENDING,
        find: "else move(draft, slot, to, { since: draft.now, cause });\n  }\n  // Teardowns",
        replace: 'else if (state !== "none") move(draft, slot, to, { since: draft.now, cause });\n  }\n  // Teardowns',
      },
    ],
  },
  {
    name: "cancel forgets what waits for its retry",
    breaks: ["S5", "S10"],
    changes: [
      {
        file: ENDING,
        find: "if (TASK_STATE[state].terminal || taskAt(draft, slot)",
        replace: `if (TASK_STATE[state].terminal || state === "up_for_retry" || taskAt(draft, slot)`,
      },
    ],
  },
  {
    name: "green leaf hides a failure",
    breaks: ["S10"],
    changes: [
      {
        file: ENDING,
        find: "hard[slot] = broken && isHard(task, state, hard);",
        replace: "hard[slot] = broken && task.downstream.length === 0 && isHard(task, state, hard);",
      },
    ],
  },
  {
    name: "run ended while its hooks are at work",
    breaks: ["S10"],
    changes: [
      {
        file: ENDING,
        find: "|| hooksAtWork(draft)) return;",
        replace: "|| (hooksAtWork(draft) && head.cancel !== null)) return;",
      },
    ],
  },
  {
    name: "more runs than maxActiveRuns",
    breaks: ["S9"],
    changes: [{ file: ACTIVE, find: ".slice(0, free)", replace: ".slice(0, free + 1)" }],
  },
  {
    name: "registration decided by the version before",
    breaks: ["L1", "L2", "L3", "L4", "L5"],
    changes: [
      {
        file: "shared/app/step/dag.ts",
        find: `events.findLast((event) => event.type === "registered")?.version ?? dag.version`,
        replace: "(events.length < 0 ? undefined : dag.version)",
      },
    ],
  },
];
