import { dagChanges, type DagChanges } from "../../shared/core/dag/changes.ts";
import { lostClasses, type LostClass } from "../../shared/core/dag/lost-classes.ts";
import type { DagRecord } from "../../shared/core/dag/record.ts";
import type { RunId } from "../../shared/core/ids.ts";
import type { Run } from "../../shared/core/run.ts";
import { createClock } from "../../shared/embedded/clock.ts";
import type { DagVersion } from "../../shared/ports/dag-store.ts";
import { RUN_PAGE_MAX } from "../../shared/ports/run-store.ts";
import type { Execute } from "../command.ts";
import type { OpenHome } from "../home/open-home.ts";
import { asWritten } from "../home/register-dags.ts";
import { lookInto } from "../home/reading.ts";
import { asDeployed } from "../load/in-environment.ts";
import { createDagLoader } from "../load/loader.ts";
import { versionOf } from "../load/version.ts";
import type { LoadedDag } from "../load/result.ts";
import { safeLine } from "../output/escape.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { printProblem } from "../output/problems.ts";
import { sourceLines } from "../output/source-line.ts";
import type { Channel, Terminal } from "../output/terminal.ts";
import { plural, timeText } from "../output/words.ts";
import { placeOf } from "../place.ts";

/** Runs at work that are asked for. */
const AT_WORK_MAX = 1_000;

interface Registered {
  readonly dag: DagRecord;
  /** Runs of it, of backfills too, which take no place of the DAG. */
  readonly atWork: readonly RunId[];
  readonly version: Pick<DagVersion, "version" | "manifest">;
}

/** Compares the DAG files with what is registered. Exits 1 if a file has errors: its DAG would stay as it is. */
export const execute: Execute<object> = async ({ terminal, project, cwd, json }) => {
  const loader = createDagLoader({ ...placeOf({ project, cwd }), dagsDir: project.dagsDir });
  try {
    const loaded = await loader.load();
    const { problems } = loaded;
    const broken = problems.some(({ level }) => level === "error");
    const { registered, dags, deployed } = await lookInto(project, async (home) => {
      const there = home === undefined ? [] : await registeredIn(home);
      const environment = home?.environment;
      return { registered: there, dags: dagsFor(loaded.dags, there, environment), deployed: environment !== undefined };
    });
    const changes = changesOf(registered, dags, broken);
    const lost = deployed && !broken ? lostIn(registered, dags) : [];
    if (json) printJson(terminal.out, { dags: changes, lostClasses: lost, problems });
    else print(terminal, changes, lost);
    if (!json) for (const problem of problems) printProblem(terminal.err, problem, sourceLines(cwd));
    return broken ? EXIT.failure : EXIT.success;
  } finally {
    await loader.close();
  }
};

async function registeredIn({ reading, environment }: OpenHome): Promise<readonly Registered[]> {
  const [all, working] = await Promise.all([reading.dags.list(), runsAtWork(reading)]);
  return Promise.all(
    all.map(async (dag) => {
      const { manifest } = await reading.versions(dag.version);
      // What is compared is what is written, not what a `freshet dev` makes of it.
      const written = environment === undefined ? asWritten(manifest) : manifest;
      const ids = [...dag.active, ...working.filter(({ dagId }) => dagId === dag.dagId)].map(({ runId }) => runId);
      return { dag, atWork: [...new Set(ids)], version: { version: versionOf(written), manifest: written } };
    }),
  );
}

async function runsAtWork({ runs }: OpenHome["reading"]): Promise<readonly Run[]> {
  const found: Run[] = [];
  for (let after: string | undefined; found.length < AT_WORK_MAX;) {
    const page = await runs.list({ state: "running", limit: RUN_PAGE_MAX, ...(after === undefined ? {} : { after }) });
    found.push(...page.runs);
    if (page.next === undefined) break;
    after = page.next;
  }
  return found;
}

/** As they would be deployed there; here, as they are. */
const dagsFor = (
  dags: readonly LoadedDag[],
  registered: readonly Registered[],
  environment: OpenHome["environment"],
): readonly LoadedDag[] =>
  environment === undefined
    ? dags
    : dags.map((dag) => {
        const before = registered.find(({ dag: { dagId, removed } }) => dagId === dag.manifest.dagId && !removed);
        return asDeployed(dag, before?.version.manifest, environment);
      });

/** While a file is broken nobody knows whether a DAG is gone. */
function changesOf(
  registered: readonly Registered[],
  dags: readonly LoadedDag[],
  broken: boolean,
): readonly DagChanges[] {
  const now = createClock().now();
  const ids = new Set([...dags.map(({ manifest }) => manifest.dagId), ...registered.map(({ dag }) => dag.dagId)]);
  return [...ids].toSorted().flatMap((id) => {
    const before = registered.find(({ dag }) => dag.dagId === id);
    const after = dags.find(({ manifest }) => manifest.dagId === id);
    if (after === undefined && (broken || before?.dag.removed === true)) return [];
    return [{ ...dagChanges(before?.dag, before?.version, after, now), inFlight: before?.atWork ?? [] }];
  });
}

/** Only a deployment has executors of classes. */
const lostIn = (registered: readonly Registered[], dags: readonly LoadedDag[]): readonly LostClass[] =>
  lostClasses(
    registered.map(({ atWork, version: { manifest } }) => ({ manifest, active: atWork })),
    dags.map(({ manifest }) => manifest),
  );

function print({ out, err }: Terminal, changes: readonly DagChanges[], lost: readonly LostClass[]): void {
  const changed = changes.filter(({ change }) => change !== "unchanged");
  for (const each of changed) printChange(out, each);
  for (const { executorClass, inFlight } of lost) {
    out.line(`${out.paint("bold", executorClass)}  ${out.paint("red", "no executor")}: no DAG asks for it any more`);
    if (inFlight.length === 0) continue;
    const who = safeLine(inFlight.join(", "));
    out.line(`  ${out.paint("dim", "at work".padEnd(9))} ${plural(inFlight.length, "run")} that may need it: ${who}`);
    out.line(`  keep it until they have ended: keepClasses: ["${executorClass}"] in infra/environments.ts`);
  }
  const same = changes.length - changed.length;
  err.line(
    `${plural(changed.length, "DAG")} would change, ${same === 1 ? "1 stays as it is" : `${same} stay as they are`}`,
  );
}

function printChange(out: Channel, { dagId, change, ...what }: DagChanges): void {
  const colour = change === "new" ? "green" : change === "removed" ? "red" : "yellow";
  out.line(`${out.paint("bold", dagId)}  ${out.paint(colour, change)}`);
  const field = (label: string, text: string): void =>
    out.line(`  ${out.paint("dim", label.padEnd(9))} ${safeLine(text)}`);
  const { schedule, next, tasks, edges, options, code, inFlight } = what;
  if (schedule !== null) field("schedule", `${schedule.before ?? "none"} => ${schedule.after ?? "none"}`);
  if (next.before.join() !== next.after.join()) field("next runs", `${timesOf(next.before)} => ${timesOf(next.after)}`);
  if (change === "changed") {
    for (const id of tasks.added) field("+ task", id);
    for (const { taskId, options: of } of tasks.changed) field("~ task", `${taskId}: ${of.join(", ")}`);
    for (const edge of edges.added) field("+ edge", edge);
    for (const edge of edges.removed) field("- edge", edge);
    for (const id of tasks.removed) field("- task", id);
    if (options.length > 0) field("options", options.join(", "));
    if (code) field("code", "the functions, or what they import, are other ones");
  }
  if (inFlight.length > 0)
    field("at work", `${plural(inFlight.length, "run")} with the version they started with: ${inFlight.join(", ")}`);
}

const timesOf = (times: readonly string[]): string =>
  times.length === 0 ? "none" : times.map((at) => timeText(at)).join(", ");
