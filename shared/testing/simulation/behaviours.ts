/** Reads what the tasks of a period do. */
import { jsonFault } from "../../core/json.ts";
import type { Manifest, TaskSpec } from "../../core/manifest.ts";
import { didYouMean } from "../../core/problem.ts";
import { isTask, probability, type Complain } from "./checks.ts";
import { OUTCOME_WORDS, type OutcomeWord, type ScriptedAttempt, type SimulateOptions } from "./options.ts";
import type { Behaviour } from "./period.ts";
import { childrenOf } from "./scripts.ts";
import { SPREAD_EXPECTED, parseSpread, type Spread } from "./spread.ts";

/** Stands for every task that is not named. */
const ALL_OTHERS = "*";
const TAKES_DEFAULT: Spread = { minMs: 60_000, maxMs: 60_000 };

export function readBehaviours(
  manifest: Manifest,
  { outcomes = {}, fail = {}, durations = {} }: SimulateOptions,
  complain: Complain,
): ReadonlyMap<string, Behaviour> {
  const fails = readEach(
    manifest,
    "fail",
    fail,
    (value, whose) => probability("fail", whose, value, complain),
    complain,
  );
  const takes = readEach(
    manifest,
    "durations",
    durations,
    (value, whose) => readSpread(value, whose, complain),
    complain,
  );
  for (const [id, script] of Object.entries(outcomes)) {
    const spec = manifest.tasks.find(({ taskId }) => taskId === id);
    if (spec === undefined) isTask(manifest, "outcomes", id, complain);
    else for (const outcome of listed(script)) checkOutcome(manifest, spec, outcome, complain);
    if (Object.hasOwn(fail, id) && !Array.isArray(script) && typeof script !== "function")
      complain("fail", `task '${id}' has an outcome for every attempt already; leave out one of the two`);
  }
  return new Map(
    manifest.tasks.map(({ taskId }) => [
      taskId,
      {
        script: Object.hasOwn(outcomes, taskId) ? outcomes[taskId] : undefined,
        fail: fails.get(taskId) ?? fails.get(ALL_OTHERS) ?? 0,
        takes: takes.get(taskId) ?? takes.get(ALL_OTHERS) ?? TAKES_DEFAULT,
      },
    ]),
  );
}

function readEach<Value>(
  manifest: Manifest,
  option: keyof SimulateOptions,
  given: { readonly [taskId: string]: unknown },
  read: (value: unknown, whose: string) => Value,
  complain: Complain,
): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>();
  for (const [id, value] of Object.entries(given)) {
    if (id !== ALL_OTHERS && !isTask(manifest, option, id, complain)) continue;
    found.set(id, read(value, id === ALL_OTHERS ? "" : ` of '${id}'`));
  }
  return found;
}

function readSpread(value: unknown, whose: string, complain: Complain): Spread {
  const spread = typeof value === "string" ? parseSpread(value) : undefined;
  if (spread === undefined) complain("durations", `the duration${whose} is '${String(value)}'; ${SPREAD_EXPECTED}`);
  return spread ?? TAKES_DEFAULT;
}

/** What a function will give is not known yet. */
function listed(script: unknown): readonly unknown[] {
  if (typeof script === "function") return [];
  return Array.isArray(script) ? (script as readonly unknown[]) : [script];
}

function checkOutcome(manifest: Manifest, spec: TaskSpec, said: unknown, complain: Complain): void {
  const wrong = (message: string): void => complain("outcomes", message);
  if (typeof said !== "object" || said === null) {
    if (!isWord(said)) wrong(`task '${spec.taskId}' ends by ${wordFault(said)}`);
    return;
  }
  const { outcome = "success", takes, choose, proceed, output } = said as ScriptedAttempt;
  if (!isWord(outcome)) wrong(`task '${spec.taskId}' ends by ${wordFault(outcome)}`);
  if (takes !== undefined && parseSpread(takes) === undefined)
    wrong(`task '${spec.taskId}' takes '${takes}'; ${SPREAD_EXPECTED}`);
  if (choose !== undefined) checkChoice(manifest, spec, choose, wrong);
  if (proceed !== undefined && spec.kind !== "shortCircuit")
    wrong(`task '${spec.taskId}' is no short circuit: it has no 'proceed'`);
  const fault = output === undefined ? undefined : jsonFault(output);
  if (fault !== undefined) wrong(`the output of task '${spec.taskId}' is not JSON; ${fault}`);
}

const isWord = (value: unknown): value is OutcomeWord => OUTCOME_WORDS.some((word) => word === value);

const wordFault = (value: unknown): string =>
  `'${String(value)}'; expected ${OUTCOME_WORDS.join(", ")}${typeof value === "string" ? didYouMean(value, OUTCOME_WORDS) : ""}`;

function checkChoice(
  manifest: Manifest,
  spec: TaskSpec,
  choose: readonly string[],
  wrong: (message: string) => void,
): void {
  if (spec.kind !== "branch") return wrong(`task '${spec.taskId}' is no branch: it chooses nothing`);
  const children = childrenOf(manifest, spec.taskId);
  for (const id of choose) {
    if (!children.includes(id))
      wrong(`branch '${spec.taskId}' chooses '${id}', which does not come after it; there are ${children.join(", ")}`);
  }
}
