import { currentVersion } from "../../shared/app/current-version.ts";
import { putRun } from "../../shared/app/start-run.ts";
import { runView } from "../../shared/app/views.ts";
import { ping } from "../../shared/embedded/ping.ts";
import { required, type Execute } from "../command.ts";
import { paramsOf } from "../given.ts";
import { engineBeside, operator } from "../home/beside.ts";
import { requireDag } from "../home/find-run.ts";
import { givenFiles } from "../home/given-files.ts";
import { openStores } from "../home/stores.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";

interface Options {
  readonly file?: readonly string[];
  readonly params?: string;
  readonly key?: string;
}

export const execute: Execute<Options> = async ({ terminal, project, cwd, env, json, args, options }) => {
  const params = paramsOf(options.params, cwd);
  const stores = openStores(project.home);
  try {
    const engine = engineBeside(stores);
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
    const heard = await ping(project.home.path);
    if (json) printJson(terminal.out, runView(run));
    else {
      terminal.out.line(run.runId);
      terminal.err.line(created ? startText(heard) : `this key has started that run before; it is ${run.state}`);
    }
  } finally {
    await stores.close();
  }
  return EXIT.success;
};

const startText = (heard: boolean): string =>
  heard
    ? "it starts in the running `freshet dev`; `freshet why latest` says how it stands"
    : "no scheduler is running here: it starts with the next `freshet dev`";
