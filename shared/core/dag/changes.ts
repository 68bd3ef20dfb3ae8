/** What a new version of a DAG would change, told before it is registered. */
import type { DagRecord } from "./record.ts";
import { canonicalJson } from "../json.ts";
import type { Manifest, ScheduleSpec, TaskSpec } from "../manifest.ts";
import { resumeSchedule } from "./schedule-edit.ts";
import { nextFiring, scheduleText } from "../schedule/schedule.ts";
import { iso, plus, type Instant } from "../time.ts";

export interface DagChanges {
  readonly dagId: string;
  readonly change: "new" | "changed" | "unchanged" | "removed";
  /** null: it stays as it is. */
  readonly schedule: { readonly before: string | null; readonly after: string | null } | null;
  /** When the next runs fall due, in UTC. */
  readonly next: { readonly before: readonly string[]; readonly after: readonly string[] };
  readonly tasks: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly { readonly taskId: string; readonly options: readonly string[] }[];
  };
  /** `extract -> load`. */
  readonly edges: { readonly added: readonly string[]; readonly removed: readonly string[] };
  /** Of the DAG itself, apart from its schedule and its tasks. */
  readonly options: readonly string[];
  /** What the functions are made of. */
  readonly code: boolean;
  /** Active runs: they go on with the version that they started with. */
  readonly inFlight: readonly string[];
}

interface Side {
  readonly version: string;
  readonly manifest: Manifest;
}

/** Firings that are shown of each side. */
const NEXT_SHOWN = 3;

/** `before`: as it is registered; `after`: as its file has it. One of them may be missing. */
export function dagChanges(
  dag: DagRecord | undefined,
  before: Side | undefined,
  after: Side | undefined,
  now: Instant,
): DagChanges {
  const old = dag?.removed === true ? undefined : before?.manifest;
  const wanted = after?.manifest;
  const [was, is] = [old?.schedule ?? null, wanted?.schedule ?? null];
  return {
    dagId: (wanted ?? old ?? before?.manifest)?.dagId ?? "",
    change: changeOf(old === undefined ? undefined : before, after),
    schedule: differ(was, is) ? { before: was && scheduleText(was), after: is && scheduleText(is) } : null,
    next: { before: was === null ? [] : nextOf(was, dag?.nextFire ?? null), after: nextAfter(dag, old, wanted, now) },
    tasks: taskChanges(old?.tasks ?? [], wanted?.tasks ?? []),
    edges: edgeChanges(old?.tasks ?? [], wanted?.tasks ?? []),
    options: old === undefined || wanted === undefined ? [] : changedNames(old, wanted, OWN),
    code: old !== undefined && wanted !== undefined && old.codeHash !== wanted.codeHash,
    inFlight: dag?.active.map(({ runId }) => runId) ?? [],
  };
}

const OWN: ReadonlySet<string> = new Set(["schema", "dagId", "schedule", "writtenSchedule", "tasks", "codeHash"]);

function changeOf(before: Side | undefined, after: Side | undefined): DagChanges["change"] {
  if (after === undefined) return "removed";
  if (before === undefined) return "new";
  return before.version === after.version ? "unchanged" : "changed";
}

function nextOf(schedule: ScheduleSpec, first: Instant | null): readonly string[] {
  const found: string[] = [];
  let firing = first === null ? null : nextFiring(schedule, plus(first, -1));
  for (; firing !== null && found.length < NEXT_SHOWN; firing = nextFiring(schedule, firing.due))
    found.push(iso(firing.due));
  return found;
}

/** As the registration would have it. */
function nextAfter(
  dag: DagRecord | undefined,
  old: Manifest | undefined,
  wanted: Manifest | undefined,
  now: Instant,
): readonly string[] {
  const schedule = wanted?.schedule ?? null;
  if (wanted === undefined || schedule === null) return [];
  const none = { version: "" as DagRecord["version"], cursor: null, nextFire: null };
  return nextOf(schedule, resumeSchedule(old?.schedule, wanted, dag ?? none, now).nextFire);
}

function taskChanges(before: readonly TaskSpec[], after: readonly TaskSpec[]): DagChanges["tasks"] {
  const [was, is] = [byId(before), byId(after)];
  return {
    added: [...is.keys()].filter((id) => !was.has(id)),
    removed: [...was.keys()].filter((id) => !is.has(id)),
    changed: [...is].flatMap(([taskId, task]) => {
      const old = was.get(taskId);
      const options = old === undefined ? [] : changedNames(old, task, new Set(["upstream"]));
      return options.length === 0 ? [] : [{ taskId, options }];
    }),
  };
}

const byId = (tasks: readonly TaskSpec[]): ReadonlyMap<string, TaskSpec> =>
  new Map(tasks.map((task) => [task.taskId, task]));

function edgeChanges(before: readonly TaskSpec[], after: readonly TaskSpec[]): DagChanges["edges"] {
  const edges = (tasks: readonly TaskSpec[]): readonly string[] =>
    tasks.flatMap(({ taskId, upstream }) => upstream.map((edge) => `${edge.taskId} -> ${taskId}`));
  const [was, is] = [edges(before), edges(after)];
  return { added: is.filter((edge) => !was.includes(edge)), removed: was.filter((edge) => !is.includes(edge)) };
}

function changedNames(before: object, after: object, without: ReadonlySet<string>): readonly string[] {
  const [was, is] = [new Map<string, unknown>(Object.entries(before)), new Map<string, unknown>(Object.entries(after))];
  const names = new Set([...was.keys(), ...is.keys()]);
  return [...names].filter((name) => !without.has(name) && differ(was.get(name), is.get(name)));
}

const differ = (a: unknown, b: unknown): boolean => canonicalJson(a ?? null) !== canonicalJson(b ?? null);
