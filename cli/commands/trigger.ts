import { currentVersion } from "../../shared/app/current-version.ts";
import { FreshetError } from "../../shared/core/errors.ts";
import { DST_DEFAULT, readMoment, skippedText } from "../../shared/core/schedule/moment.ts";
import { iso, parseDuration, plus, type Instant } from "../../shared/core/time.ts";
import { putRun } from "../../shared/app/start-run.ts";
import { runView } from "../../shared/app/views/runs.ts";
import { required, type Execute } from "../command.ts";
import { paramsOf } from "../given.ts";
import { operator } from "../home/beside.ts";
import { requireDag } from "../home/find-run.ts";
import { givenFiles } from "../home/given-files.ts";
import { withHome } from "../home/reading.ts";
import { EXIT } from "../output/failure.ts";
import { dagPausedText } from "../output/operation.ts";
import { printJson } from "../output/json.ts";
import type { Channel } from "../output/terminal.ts";

interface Options {
  readonly file?: readonly string[];
  readonly params?: string;
  readonly key?: string;
  readonly at?: string;
  readonly in?: string;
}

export const execute: Execute<Options> = async ({ terminal, project, cwd, env, json, args, options }) => {
  const params = paramsOf(options.params, cwd);
  if (options.key === "")
    throw new FreshetError(
      "USAGE",
      "--key is empty: all runs with it would be the same one; leave it out, or name the cause",
    );
  await withHome(project, async ({ engine, stores, heardBy }) => {
    const dagId = await requireDag(engine, required(args, 0));
    const { manifest } = await currentVersion(engine, dagId);
    const now = engine.clock.now();
    const startAt = startOf(options, manifest.timezone, now, terminal.err);
    const files = await givenFiles(stores.objects, manifest, options.file ?? []);
    const { run, created } = await putRun(engine, {
      dagId,
      by: operator(env),
      files,
      ...(startAt === undefined ? {} : { startAt }),
      ...(params === undefined ? {} : { params }),
      ...(options.key === undefined ? {} : { idempotencyKey: options.key }),
    });
    const heard = await heardBy({ kind: "run", id: run.runId });
    if (json) return printJson(terminal.out, runView(run));
    terminal.out.line(run.runId);
    if (!created) return terminal.err.line(`this key has started that run before; it is ${run.state}`);
    terminal.err.line(startText(heard, startAt === undefined ? undefined : iso(run.queuedAt)));
    const paused = (await engine.dags.load(dagId))?.value.paused ?? null;
    if (paused !== null) terminal.err.line(dagPausedText(dagId, paused.by));
  });
  return EXIT.success;
};

/** When it is to start; undefined: at once. */
function startOf(options: Options, timezone: string, now: Instant, err: Channel): Instant | undefined {
  if (options.at !== undefined && options.in !== undefined)
    throw new FreshetError("USAGE", "--at and --in were both given; one of them says when");
  if (options.in !== undefined) {
    const ms = parseDuration(options.in);
    if (ms !== undefined && ms > 0) return plus(now, ms);
    throw new FreshetError("USAGE", `--in is '${options.in}'; expected a duration such as 30m or 2h, at most 36500d`);
  }
  if (options.at === undefined) return undefined;
  const moment = readMoment(options.at, timezone, DST_DEFAULT);
  if ("fault" in moment) throw new FreshetError("USAGE", `--at is '${options.at}': ${moment.fault}`);
  const [at = now] = moment.at;
  if (moment.skipped) err.line(`${err.paint("yellow", "warning")}: ${skippedText(options.at, timezone, at)}`);
  if (at > now) return at;
  throw new FreshetError("USAGE", `--at is '${options.at}', which is over: it is ${iso(now)}`);
}

function startText(heard: string | undefined, at: string | undefined): string {
  if (at !== undefined)
    return `it waits until ${at}${heard === undefined ? ", and for a `freshet dev` to run then" : ""}`;
  return heard === undefined
    ? "no scheduler is running here: it starts with the next `freshet dev`"
    : `it starts in ${heard}; \`freshet why latest\` says how it stands`;
}
