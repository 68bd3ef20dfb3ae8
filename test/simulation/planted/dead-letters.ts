/** Bugs in what becomes of messages that are given up, or come again long after. */
import type { PlantedBug } from "./bug.ts";

const DEAD = "shared/app/dead-letters.ts";

export const DEAD_LETTER_BUGS: readonly PlantedBug[] = [
  {
    name: "dead letter failing an attempt that succeeded",
    breaks: ["S3", "S11"],
    changes: [
      {
        file: DEAD,
        find: `  return lookAt(key);\n}`,
        replace: `  const error = { name: "Undelivered", message: "given up", class: "permanent" } as const;
  return { type: "completed", v: 1, key, epoch: dispatch.run.epoch, token, outcome: { kind: "failed", error } };\n}`,
      },
      {
        file: DEAD,
        find: `  if (item === null) await attempts.close(`,
        replace: `  if (item === undefined) await attempts.close(`,
      },
    ],
  },
  {
    name: "dead letter closing an attempt that is at work",
    breaks: ["S3"],
    changes: [
      {
        file: DEAD,
        find: `if (item === null) await attempts.close(key, { reason: "undelivered", at, lease: UNCLAIMED });`,
        replace: `if (item?.status !== "finished") await attempts.close(key, { reason: "undelivered", at });`,
      },
      { file: DEAD, find: "import { UNCLAIMED, type Dispatch } from", replace: "import type { Dispatch } from" },
      {
        file: DEAD,
        find: `else if (item.status === "running" && item.leaseUntil < at)\n    await attempts.close(key, { reason: "lost", at, lease: item.leaseUntil });`,
        replace: "",
      },
    ],
  },
  {
    name: "arrival forgotten with its dead letter",
    breaks: ["L3"],
    changes: [
      {
        file: DEAD,
        find: `const message = "type" in dead ? again(dead)`,
        replace: `if ("type" in dead && dead.type === "object_created") return;\n  const message = "type" in dead ? again(dead)`,
      },
    ],
  },
  {
    name: "dedupe forgotten before the queue's retention ends",
    breaks: ["S1"],
    changes: [
      {
        file: "shared/simulated/ports/stores.ts",
        find: 'if (rows.has(key)) return "known";',
        replace: 'if (rows.has(key) && rows.get(key)?.takenBy === undefined) return "known";',
      },
    ],
  },
];
