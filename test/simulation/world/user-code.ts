/** What the user's code of each attempt does: it follows from the seed and the attempt alone, whatever happens around it. */
import type { Dispatch } from "../../../shared/core/attempt.ts";
import { OUTPUT_BYTES_MAX } from "../../../shared/core/attempt.ts";
import { attemptKeyText } from "../../../shared/core/ids.ts";
import type { JsonValue } from "../../../shared/core/json.ts";
import type { Manifest, TaskSpec } from "../../../shared/core/manifest.ts";
import type { RunnerResult } from "../../../shared/core/task-host.ts";
import type { Script } from "../../../shared/simulated/script.ts";
import type { FaultName } from "../faults.ts";
import { randomOf, type Random } from "../../../shared/simulated/random.ts";

interface CodeScript extends Script {
  /** What kind of trouble it is, if it is any. */
  readonly trouble: FaultName | undefined;
}

export interface CodeScripts {
  of(dispatch: Dispatch, manifest: Manifest): CodeScript;
}

const QUICK_MS_MAX = 15_000;
const SLOW_MS_MAX = 150_000;

export function createScripts(seed: number): CodeScripts {
  // Whether this world's code is good or bad.
  const troubleRate = randomOf(seed, "code").pick([0.05, 0.15, 0.3, 0.5]);
  return {
    of(dispatch, manifest) {
      const random = randomOf(seed, `code#${attemptKeyText(dispatch.key)}`);
      const spec = manifest.tasks.find((task) => task.taskId === dispatch.key.taskId);
      const ms = random.skewed(50, random.chance(0.1) ? SLOW_MS_MAX : QUICK_MS_MAX);
      if (random.chance(troubleRate)) return { ms, ...troubleOf(random, dispatch, spec) };
      if (dispatch.mappedBy !== undefined) return { ms, ...listFor(random, dispatch.mappedBy, manifest) };
      return { ms, ends: success(random, manifest, spec), trouble: undefined };
    },
  };
}

/** A list for the tasks that are mapped over it, once in a while one that they cannot be mapped over. */
function listFor(
  random: Random,
  mappedBy: readonly string[],
  manifest: Manifest,
): Pick<CodeScript, "ends" | "trouble"> {
  if (random.chance(0.05)) return { ends: { kind: "success", output: { rows: 1 } }, trouble: "code:no_list" };
  const long = random.chance(0.04);
  const length = long
    ? 11
    : random.weighted([
        [1, 0],
        [3, 1],
        [6, random.integer(2, 5)],
      ]);
  // Some lists do not fit into their attempt item.
  const padding = "x".repeat(random.chance(0.3) ? random.pick([300, 2_000]) : 0);
  const item = (index: number): JsonValue => (random.chance(0.08) ? null : { index, padding });
  const output = Array.from({ length }, (_, index) => (long ? index : item(index)));
  const same = random.chance(0.1);
  const names = output.filter((each) => each !== null).map((_, index) => (same ? "same" : `key-${index}`));
  const keyed = mappedBy.filter((id) => manifest.tasks.some((task) => task.taskId === id && task.map?.keyed === true));
  const keys = Object.fromEntries(keyed.map((id) => [id, names]));
  const trouble = long ? "code:long_list" : same && keyed.length > 0 && names.length > 1 ? "code:same_keys" : undefined;
  return { ends: { kind: "success", output, ...(keyed.length === 0 ? {} : { keys }) }, trouble };
}

const failure = (name: string, failureClass: "transient" | "permanent" | "quarantine" | "lost"): RunnerResult => ({
  kind: "failed",
  error: { name, message: `${name}, as the script has it`, class: failureClass, stack: "at script.ts:1:1" },
});

function troubleOf(
  random: Random,
  dispatch: Dispatch,
  spec: TaskSpec | undefined,
): { readonly ends: Script["ends"]; readonly trouble: FaultName; readonly ms?: number } {
  const name = random.pick(["FlakyError", "Error", "WarehouseDown"]);
  const trouble = random.weighted<FaultName>([
    [8, "code:transient"],
    [1.5, "code:permanent"],
    [0.7, "code:quarantine"],
    [1.5, "code:skip"],
    [1, "code:slow"],
    [0.5, "code:hang"],
    [1.5, "code:died"],
    [1.5, "code:crash_midway"],
    [1, "code:large_output"],
    [0.03, "code:huge_output"],
    [0.3, "code:not_json"],
    [spec?.kind === "branch" ? 3 : 0, "code:invalid_branch"],
  ]);
  switch (trouble) {
    case "code:permanent":
      return { trouble, ends: failure("TypeError", "permanent") };
    case "code:quarantine":
      return { trouble, ends: failure("BadRows", "quarantine") };
    case "code:skip":
      return { trouble, ends: { kind: "skipped", reason: "nothing to do today" } };
    case "code:slow":
      return { trouble, ends: success(random, undefined, undefined), ms: dispatch.timeoutMs + 10_000 };
    case "code:hang":
      return { trouble, ends: "never" };
    case "code:died":
      return { trouble, ends: failure("WorkerDied", "lost") };
    case "code:crash_midway":
      return { trouble, ends: "takes_executor_down" };
    case "code:large_output":
      return { trouble, ends: { kind: "success", output: "x".repeat(random.pick([800, 3_000, 20_000])) } };
    case "code:huge_output":
      return { trouble, ends: { kind: "success", output: hugeText() } };
    case "code:not_json":
      return { trouble, ends: { kind: "success", output: { rows: Number.NaN } } };
    case "code:invalid_branch":
      return { trouble, ends: { kind: "success", chosen: ["no-such-task"] } };
    default:
      return { trouble: "code:transient", ends: failure(name, "transient") };
  }
}

let huge: string | undefined;
const hugeText = (): string => (huge ??= "x".repeat(OUTPUT_BYTES_MAX + 1));

function success(random: Random, manifest: Manifest | undefined, spec: TaskSpec | undefined): RunnerResult {
  // Now and then with params that the DAG does not take.
  if (spec?.child?.dagId !== undefined)
    return { kind: "success", child: { params: random.chance(0.05) ? { day: "monday" } : {} } };
  if (spec?.kind === "shortCircuit") return { kind: "success", proceed: random.chance(0.6) };
  if (spec?.kind === "branch" && manifest !== undefined) {
    const children = manifest.tasks.filter((task) => task.upstream.some((edge) => edge.taskId === spec.taskId));
    const chosen = children.filter(() => random.chance(0.5)).map((task) => task.taskId as string);
    return { kind: "success", chosen };
  }
  const output: JsonValue | undefined = random.chance(0.3) ? undefined : { rows: random.integer(0, 1_000) };
  return { kind: "success", ...(output === undefined ? {} : { output }) };
}
