import { currentVersion } from "../../shared/app/current-version.ts";
import { putRun } from "../../shared/app/start-run.ts";
import { runView } from "../../shared/app/views.ts";
import { required, type Execute } from "../command.ts";
import { paramsOf } from "../given.ts";
import { operator } from "../home/beside.ts";
import { requireDag } from "../home/find-run.ts";
import { givenFiles } from "../home/given-files.ts";
import { withHome } from "../home/reading.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";

interface Options {
  readonly file?: readonly string[];
  readonly params?: string;
  readonly key?: string;
}

export const execute: Execute<Options> = async ({ terminal, project, cwd, env, json, args, options }) => {
  const params = paramsOf(options.params, cwd);
  await withHome(project, async ({ engine, stores, heardBy }) => {
    const dagId = await requireDag(engine, required(args, 0));
    const { manifest } = await currentVersion(engine, dagId);
    const files = await givenFiles(stores.objects, manifest, options.file ?? []);
    const { run, created } = await putRun(engine, {
      dagId,
      by: operator(env),
      files,
      ...(params === undefined ? {} : { params }),
      ...(options.key === undefined ? {} : { idempotencyKey: options.key }),
    });
    const heard = await heardBy({ kind: "run", id: run.runId });
    if (json) return printJson(terminal.out, runView(run));
    terminal.out.line(run.runId);
    terminal.err.line(created ? startText(heard) : `this key has started that run before; it is ${run.state}`);
  });
  return EXIT.success;
};

const startText = (heard: string | undefined): string =>
  heard === undefined
    ? "no scheduler is running here: it starts with the next `freshet dev`"
    : `it starts in ${heard}; \`freshet why latest\` says how it stands`;
