/** What a task made by `map()` says of its instances. */
import type { TaskId } from "../../core/ids.ts";
import {
  MAP_CHUNK_WIDTH,
  MAP_LIMIT,
  MAP_LIMIT_MAX,
  type MapSpec,
  type MapTolerance,
  type TriggerRule,
} from "../../core/manifest.ts";
import { isRecord, optionsOf, upstreamOf, type TaskDefinition } from "../definition.ts";
import { anything, fn, type Option } from "./option.ts";
import { shown, type Reporter } from "./report.ts";

const count =
  (min: number): Option<number> =>
  (value, name, report) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= MAP_LIMIT_MAX) return value;
    report("DAG021", `${name} is ${shown(value)}, expected a whole number from ${min} to ${MAP_LIMIT_MAX}`);
    return undefined;
  };

/** Options that only a mapped task has, but for `over`, which its upstreams are read from too. */
export const MAP_ONLY = { key: fn, limit: count(1), concurrency: count(1), tolerance: anything } as const;

interface MapRead {
  readonly key?: unknown;
  readonly limit?: number;
  readonly concurrency?: number;
  readonly tolerance?: unknown;
  readonly rule?: TriggerRule;
}

export function mapSpec(task: TaskDefinition, options: MapRead, report: Reporter): MapSpec {
  if (options.rule === "always") {
    report("DAG021", "its rule is always, which would start it before there is a list to map over", {
      help: "use the rule all_done to run whatever became of the tasks before it",
    });
  }
  return {
    over: overOf(task, report),
    keyed: options.key !== undefined,
    limit: options.limit ?? MAP_LIMIT,
    concurrency: options.concurrency ?? null,
    tolerance: options.tolerance === undefined ? null : toleranceOf(options.tolerance, report),
    chunkWidth: MAP_CHUNK_WIDTH,
  };
}

function overOf(task: TaskDefinition, report: Reporter): TaskId {
  const given = optionsOf(task)["over"];
  const upstream = upstreamOf(given);
  const help = "write `over: list`, where `list` is the task that returns the list";
  if (upstream === undefined) {
    report("DAG021", `over is ${shown(given)}, expected the task whose list it is mapped over`, { help });
    return "" as TaskId;
  }
  const { id, kind, mapped } = upstream.task;
  if (upstream.optional)
    report("DAG021", `over is optional('${String(id)}'): without its list there is nothing to map`, { help });
  if (mapped) {
    report("DAG021", `over is the task '${String(id)}', which is mapped itself`, {
      help: `put a task between them that takes its results and returns a list: \`task("…", { inputs: { results: ${String(id)} }, run: ({ inputs }) => inputs.results })\``,
    });
  }
  if (kind !== "task") report("DAG021", `over is the ${kind} '${String(id)}', which gives no list`, { help });
  return String(id) as TaskId;
}

function toleranceOf(given: unknown, report: Reporter): MapTolerance | null {
  if (isRecord(given) && Object.keys(given).length === 1) {
    const { count: failures, share } = given;
    if (typeof failures === "number" && Number.isInteger(failures) && failures >= 0) return { count: failures };
    if (typeof share === "number" && share >= 0 && share <= 1) return { share };
  }
  const what = isRecord(given) ? JSON.stringify(given) : shown(given);
  report("DAG021", `tolerance is ${what}, expected \`{ count: 3 }\`, or \`{ share: 0.05 }\` from 0 to 1`);
  return null;
}
