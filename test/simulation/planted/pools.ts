/** Bugs around pools: totals, grants, order. */
import type { PlantedBug } from "./bug.ts";

const DECIDE = "shared/core/pool/decide.ts";
const SLOTS = "shared/core/run/slots.ts";

export const POOL_BUGS: readonly PlantedBug[] = [
  {
    name: "slot released by event instead of total",
    breaks: ["S8"],
    changes: [
      {
        file: DECIDE,
        find: "released: Math.min(granted, Math.max(known.released, want.released)),",
        replace:
          "released: Math.min(granted, want.number <= known.number && want.released > 0 ? known.released + 1 : Math.max(known.released, want.released)),",
      },
    ],
  },
  {
    name: "grant to a finished run leaked",
    breaks: ["L4", "L1"],
    changes: [
      {
        file: SLOTS,
        find: `    if (epoch <= draft.head.epoch) draft.commands.push({ type: "leave_pool", pool, epoch });\n`,
        replace: "",
      },
    ],
  },
  {
    name: "end of a run not told to its pools",
    breaks: ["L4", "S11"],
    changes: [
      { file: SLOTS, find: `recordEffect(draft, { kind: "pool_final", pool });`, replace: "void recordEffect, pool;" },
    ],
  },
  {
    name: "shrink that admits",
    breaks: ["S8"],
    changes: [
      {
        file: DECIDE,
        find: "let free = slots - slotsUsed(",
        replace: "let free = Math.max(slots, draft.pool.declared) - slotsUsed(",
      },
    ],
  },
  {
    name: "narrow wants overtake a wide one",
    breaks: ["L6"],
    changes: [{ file: DECIDE, find: "    if (count < next.count) return;\n", replace: "" }],
  },
  {
    name: "slot kept while a task waits for its next try",
    breaks: ["S17"],
    changes: [
      {
        file: SLOTS,
        find: "const taken = TASK_STATE[state].inFlight ?",
        replace: `const taken = TASK_STATE[state].inFlight || state === "up_for_retry" ?`,
      },
    ],
  },
  {
    name: "slot given back before its attempt is closed",
    breaks: ["S8"],
    changes: [
      {
        file: SLOTS,
        find: "const taken = TASK_STATE[state].inFlight ?",
        replace: `const taken = TASK_STATE[state].inFlight && state !== "restarting" ?`,
      },
    ],
  },
  {
    name: "run that keeps the slot of one task for its next",
    breaks: ["L6"],
    changes: [
      {
        file: SLOTS,
        find: "Math.min(share.room, share.granted - share.before.released - share.held)",
        replace: "share.granted - share.before.released - share.held",
      },
    ],
  },
  {
    name: "task sent with one of its two pools",
    breaks: ["S8"],
    changes: [
      {
        file: SLOTS,
        find: "if (taken === pools.length) return dispatchNext",
        replace: "if (taken > 0) return dispatchNext",
      },
    ],
  },
  {
    name: "grant told once, and forgotten",
    breaks: ["L1", "S11"],
    changes: [
      { file: DECIDE, find: "const due = dueOf(draft);", replace: "const due = dueOf(draft) === null ? null : null;" },
    ],
  },
  {
    name: "want accepted that a newer one has overtaken",
    breaks: ["L1", "L6", "S11"],
    changes: [{ file: DECIDE, find: "if (want.number > known.number) {", replace: "if (want.number > 0) {" }],
  },
  {
    name: "want acknowledged before its pool has heard it",
    breaks: ["L1", "L4", "L6", "S11"],
    changes: [
      {
        file: "shared/app/deliver/tell.ts",
        find: "return [toPool(effect.pool, event, { declared, sender })];",
        replace: "return [acknowledged, toPool(effect.pool, event, { declared, sender })];",
      },
    ],
  },
];
