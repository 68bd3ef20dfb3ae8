/** Bugs around attempts: fences, claims, tries. */
import type { PlantedBug } from "./bug.ts";

const ATTEMPTS = "shared/core/run/attempts.ts";

export const ATTEMPT_BUGS: readonly PlantedBug[] = [
  {
    name: "completion accepted from an old attempt",
    breaks: ["S3"],
    changes: [
      {
        file: "shared/core/run/advance.ts",
        find: "if (key.attempt === attempt && TASK_STATE",
        replace: "if (key.attempt <= attempt && TASK_STATE",
      },
    ],
  },
  {
    name: "heartbeat from an old attempt",
    breaks: ["S3"],
    changes: [
      {
        file: "shared/simulated/database.ts",
        find: `      if (item.status !== "running" || item.owner !== owner) return item;
      put(key, { ...item, leaseUntil,`,
        replace: `      if (item.status === "finished" || item.status === "revoked" || item.owner !== owner) return item;
      put(key, { status: "running", owner, leaseUntil,`,
      },
    ],
  },
  {
    name: "next attempt sent before the old one is closed",
    breaks: ["S3"],
    changes: [
      {
        file: ATTEMPTS,
        find: `return restart(draft, slot, "lost", { to: "retry", class: "lost", text }, item.leaseUntil);`,
        replace: "return lose(draft, slot, text);",
      },
    ],
  },
  {
    name: "claim without its condition",
    breaks: ["S3"],
    changes: [
      {
        file: "shared/app/attempt/run-attempt.ts",
        find: `  if (answer.status === "finished") await repeatCompletion(executing, dispatch, answer);
  return "not_ours";`,
        replace: `  if (answer.status === "finished") await repeatCompletion(executing, dispatch, answer);
  if (answer.status !== "closed" && answer.status !== "revoked") return "not_ours";
  return claim;`,
      },
    ],
  },
  {
    name: "lease judged by the claimant's clock",
    breaks: ["S3"],
    changes: [
      {
        file: "shared/app/attempt/run-attempt.ts",
        find: `  if (answer === "claimed") return claim;`,
        replace: `  if (answer === "claimed" || (answer.status === "running" && answer.leaseUntil < claim.at)) return claim;`,
      },
    ],
  },
  {
    name: "claim closed as lost although it was renewed",
    breaks: ["S3"],
    changes: [{ file: ATTEMPTS, find: 'class: "lost", text }, item.leaseUntil);', replace: 'class: "lost", text });' }],
  },
  {
    name: "code begun on a claim that is over",
    breaks: ["S3"],
    changes: [
      {
        file: "shared/app/attempt/run-attempt.ts",
        find: "clock.now() - known > confirmedMs",
        replace: "clock.now() - known > Infinity",
      },
    ],
  },
  {
    name: "sweep without growing intervals",
    breaks: ["S17"],
    changes: [
      {
        file: "shared/core/run/dispatch.ts",
        find: "REDISPATCH_AFTER_MS * 2 ** ((detail.sends ?? 1) - 1)",
        replace: "REDISPATCH_AFTER_MS",
      },
    ],
  },
  {
    name: "lost worker charged to the task's retries",
    breaks: ["S7"],
    changes: [{ file: ATTEMPTS, find: " - (before?.losses ?? 0) -", replace: " -" }],
  },
  {
    name: "retry beyond its budget",
    breaks: ["S17"],
    changes: [{ file: "shared/core/retry.ts", find: "if (at > end.at) {", replace: "if (at > end.at + Infinity) {" }],
  },
  {
    name: "retry beyond its cap",
    breaks: ["S7"],
    changes: [
      {
        file: "shared/core/retry.ts",
        find: "if (failures > spec.retries) {",
        replace: "if (failures > spec.retries + 1) {",
      },
    ],
  },
  {
    name: "bad data tried again",
    breaks: ["S7"],
    changes: [
      { file: "shared/core/retry.ts", find: `if (error.class === "quarantine") return false;`, replace: "" },
      {
        file: "shared/core/retry.ts",
        find: `if (spec.on === "transient") return error.class === "transient"`,
        replace: `if (spec.on === "transient") return error.class !== "permanent"`,
      },
    ],
  },
  {
    name: "retry before its delay has passed",
    breaks: ["S5"],
    changes: [
      {
        file: "shared/core/run/advance.ts",
        find: "if (detail.due <= now || (all &&",
        replace: "if (detail.due <= now + 1_000_000 || (all &&",
      },
    ],
  },
  {
    name: "completion without proof accepted",
    breaks: ["S3", "S11"],
    changes: [
      {
        file: "shared/app/handle-messages.ts",
        find: "if (!engine.tokens.verify(key, token)) return [];",
        replace: "void token;",
      },
    ],
  },
];
