/** Bugs of the operator's hand: clears, marks, pauses, and what is written down of them. */
import type { PlantedBug } from "./bug.ts";

const OPERATE = "shared/core/run/operate.ts";
const ATTEMPTS = "shared/core/run/attempts.ts";

export const HAND_BUGS: readonly PlantedBug[] = [
  {
    name: "clear that keeps the attempt number",
    breaks: ["S3"],
    changes: [
      {
        file: ATTEMPTS,
        find: `  const used = draft.attempts[slot] ?? 0;\n  move(draft, slot, "none"`,
        replace: `  const used = draft.attempts[slot] ?? 0;\n  draft.attempts[slot] = Math.max(0, used - 1);\n  move(draft, slot, "none"`,
      },
    ],
  },
  {
    name: "clear that spends the old tries",
    breaks: ["S7"],
    changes: [{ file: ATTEMPTS, find: "...(used === 0 ? {} : { triesBefore: used }) });", replace: "});" }],
  },
  {
    name: "clear over a live attempt",
    breaks: ["S3", "S2"],
    changes: [
      {
        file: OPERATE,
        find: `if (TASK_STATE[stateOf(draft, slot)].inFlight) restart(draft, slot, "cleared", { to: "none", cause });\n    else startAfresh(draft, slot, cause);`,
        replace: "startAfresh(draft, slot, cause);",
      },
    ],
  },
  {
    name: "mark over a live attempt",
    breaks: ["S3"],
    changes: [
      {
        file: OPERATE,
        find: `if (TASK_STATE[stateOf(draft, slot)].inFlight) restart(draft, slot, "marked", { to, cause });\n    else move(`,
        replace: "move(",
      },
    ],
  },
  {
    name: "clear without another epoch",
    breaks: ["S10"],
    changes: [{ file: OPERATE, find: "const epoch = head.epoch + 1;", replace: "const { epoch } = head;" }],
  },
  {
    name: "verdict that stands although its reason was cleared",
    breaks: ["S6", "L1"],
    changes: [
      {
        file: "shared/core/run/select.ts",
        find: `for (const below of downstream) if (isByRule(draft, below)) join(below, "follows");`,
        replace: "void downstream;",
      },
    ],
  },
  {
    name: "dispatch in a paused run",
    breaks: ["S5"],
    changes: [
      {
        file: "shared/core/run/ready.ts",
        find: "if (pauseOf(draft.head, task) !== undefined) return true;\n",
        replace: "",
      },
    ],
  },
  {
    name: "retry in a paused run",
    breaks: ["S5"],
    changes: [
      {
        file: ATTEMPTS,
        find: "if (pauseOf(draft.head, taskAt(draft, slot)) !== undefined || waitForHours(draft, slot)) return;",
        replace: "if (waitForHours(draft, slot)) return;",
      },
    ],
  },
  {
    name: "paused run that is taken for stuck",
    breaks: ["S10"],
    changes: [
      {
        file: "shared/core/run/ending.ts",
        find: " || draft.head.pauses.length > 0) return [];",
        replace: ") return [];",
      },
    ],
  },
  {
    name: "paused DAG that admits",
    breaks: ["S9"],
    changes: [
      {
        file: "shared/core/dag/draft.ts",
        find: "!removed && paused === null;",
        replace: "!removed && paused !== undefined;",
      },
    ],
  },
  {
    name: "resume that forgets what came due meanwhile",
    breaks: ["L1", "L6", "S10"],
    changes: [
      {
        file: OPERATE,
        find: "for (let slot = 0; slot < draft.states.length; slot++) goOn(draft, slot);",
        replace: "",
      },
    ],
  },
  {
    name: "operator's act without its audit entry",
    breaks: ["S12", "S2"],
    changes: [
      {
        file: "shared/app/step/run.ts",
        find: "const audit = await hand?.audit(stored.value, run);",
        replace: "const audit = undefined;",
      },
    ],
  },
];
