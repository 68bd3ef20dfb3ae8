/** What the code of each attempt does. It follows from the seed and the attempt alone: one option more shifts no other draw. */
import type { Dispatch } from "../../core/attempt.ts";
import { FreshetError } from "../../core/errors.ts";
import { UNMAPPED, attemptKeyText } from "../../core/ids.ts";
import type { JsonValue } from "../../core/json.ts";
import type { Manifest, TaskSpec } from "../../core/manifest.ts";
import type { RunnerResult } from "../../core/task-host.ts";
import { randomOf, type Random } from "../../simulated/random.ts";
import type { Script } from "../../simulated/script.ts";
import type { ScriptedAttempt, SimulatedOutcome, TaskScript } from "./options.ts";
import type { Behaviour, Period } from "./period.ts";
import { SPREAD_EXPECTED, drawMs, parseSpread } from "./spread.ts";

/** Hooks take no time, and succeed. */
const HOOK: Script = { ms: 0, ends: { kind: "success" } };

export function scriptOf({ manifest, behaviours, seed, lostWorker, widths }: Period, dispatch: Dispatch): Script {
  const spec = manifest.tasks.find(({ taskId }) => taskId === dispatch.key.taskId);
  const behaviour = behaviours.get(dispatch.key.taskId);
  if (spec === undefined || behaviour === undefined || dispatch.subject !== undefined) return HOOK;
  const random = randomOf(seed, `code#${attemptKeyText(dispatch.key)}`);
  const drawn = draw(random, behaviour, lostWorker);
  const said = scripted(behaviour.script, dispatch) ?? drawn.outcome;
  const attempt: ScriptedAttempt = typeof said === "string" ? { outcome: said } : said;
  const ms = attempt.takes === undefined ? drawn.ms : drawMs(spreadOf(spec, attempt.takes), random);
  return play(attempt, { spec, manifest, ms, random, drawn, width: widths.get(spec.taskId) });
}

interface Drawn {
  readonly ms: number;
  readonly outcome: "success" | "fail" | "lost";
  /** In [0, 1): how far it gets before its worker is lost. */
  readonly share: number;
}

/** Always the same number of draws. */
function draw(random: Random, { takes, fail }: Behaviour, lostWorker: number): Drawn {
  const ms = drawMs(takes, random);
  const [loses, fails, share] = [random.next() < lostWorker, random.next() < fail, random.next()];
  return { ms, outcome: loses ? "lost" : fails ? "fail" : "success", share };
}

function scripted(script: TaskScript | undefined, { key, run }: Dispatch): SimulatedOutcome | undefined {
  if (script === undefined || typeof script === "string") return script;
  if (typeof script === "function") {
    const { taskId, attempt, mapIndex, runId } = key;
    const index = mapIndex === UNMAPPED ? null : mapIndex;
    return script({ taskId, attempt, mapIndex: index, runId, logicalDate: run.logicalDate });
  }
  return isList(script) ? script[key.attempt - 1] : script;
}

const isList = (script: object): script is readonly SimulatedOutcome[] => Array.isArray(script);

/** Of what a function gave: the rest has been checked before. */
function spreadOf({ taskId }: TaskSpec, text: string): NonNullable<ReturnType<typeof parseSpread>> {
  const spread = parseSpread(text);
  if (spread !== undefined) return spread;
  throw new FreshetError("USAGE", `outcomes: task '${taskId}' takes '${text}'; ${SPREAD_EXPECTED}`);
}

interface Scene {
  readonly spec: TaskSpec;
  readonly manifest: Manifest;
  readonly ms: number;
  readonly random: Random;
  readonly drawn: Drawn;
  /** Of the list that tasks are mapped over; undefined: none is. */
  readonly width: number | undefined;
}

function play(attempt: ScriptedAttempt, scene: Scene): Script {
  const { spec, ms, drawn } = scene;
  const { outcome = "success", message, error } = attempt;
  const failed = (
    name: string,
    failureClass: "transient" | "permanent" | "quarantine",
    text = message ?? "simulated",
  ): Script => ({
    ms,
    ends: { kind: "failed", error: { name: error ?? name, message: text, class: failureClass } },
  });
  switch (outcome) {
    case "fail":
      return failed("SimulatedFailure", "transient");
    case "permanent":
      return failed("Permanent", "permanent");
    case "quarantine":
      return failed("Quarantine", "quarantine");
    case "skip":
      return { ms, ends: { kind: "skipped", reason: message ?? "simulated" } };
    case "timeout":
      return { ms: spec.timeoutMs + 1, ends: { kind: "success" } };
    case "lost":
      return { ms: Math.floor(ms * drawn.share), ends: "takes_executor_down" };
    case "success":
      return { ms, ends: success(attempt, scene) };
    default:
      throw new FreshetError("USAGE", `outcomes: task '${spec.taskId}' ends by '${String(outcome)}'`);
  }
}

function success({ output, choose, proceed }: ScriptedAttempt, scene: Scene): RunnerResult {
  const { spec, manifest, random, width } = scene;
  if (spec.kind === "shortCircuit") return { kind: "success", proceed: proceed ?? true };
  if (spec.kind === "branch") return { kind: "success", chosen: choose ?? someChild(spec, manifest, random) };
  if (width !== undefined) return listed(spec, manifest, output ?? Array.from({ length: width }, (_, index) => index));
  return { kind: "success", ...(output === undefined ? {} : { output }) };
}

/** A list that tasks are mapped over, with the names that they give to its items: those are not known here. */
function listed({ taskId }: TaskSpec, { tasks }: Manifest, output: JsonValue): RunnerResult {
  const keyed = tasks.filter(({ map }) => map?.over === taskId && map.keyed).map((task) => task.taskId as string);
  const items: readonly JsonValue[] = Array.isArray(output) ? output : [];
  const names = items.filter((item) => item !== null).map((_, index) => `item-${index}`);
  const keys = Object.fromEntries(keyed.map((id) => [id, names]));
  return { kind: "success", output, ...(keyed.length === 0 ? {} : { keys }) };
}

function someChild({ taskId }: TaskSpec, manifest: Manifest, random: Random): readonly string[] {
  const children = childrenOf(manifest, taskId);
  return children.length === 0 ? [] : [random.pick(children)];
}

/** Its direct children. */
export const childrenOf = ({ tasks }: Manifest, id: string): readonly string[] =>
  tasks.filter(({ upstream }) => upstream.some(({ taskId }) => taskId === id)).map(({ taskId }) => taskId);
