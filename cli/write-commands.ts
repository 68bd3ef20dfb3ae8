/** The commands for those who write DAGs: drawn, checked, compiled, and tried on a virtual clock. */
import type { CommandSpec } from "./command.ts";
import { DAGS, PARAMS } from "./shared-options.ts";

const WRITE = "Write:";

export const WRITE_COMMANDS: readonly CommandSpec[] = [
  {
    name: "init",
    arguments: [{ term: "[folder]", description: "where to (default: here)" }],
    group: WRITE,
    summary: "make a project of your own",
    description:
      "Makes a project: package.json, tsconfig.json, a pipeline and a test of it. What is there already is left as it is.",
    options: [],
    examples: [["init ../pipelines", "a folder beside this one"]],
    load: async () => (await import("./commands/init.ts")).execute,
  },
  {
    name: "graph",
    arguments: [{ term: "<dag>", description: "the DAG to draw" }],
    group: WRITE,
    summary: "draw the tasks of a DAG",
    options: [{ flags: "--format <format>", description: "terminal (default) or mermaid" }, DAGS],
    examples: [
      ["graph process_new_orders", "in the terminal"],
      ["graph process_new_orders --format mermaid", "for a README"],
    ],
    load: async () => (await import("./commands/graph.ts")).execute,
  },
  {
    name: "compile",
    group: WRITE,
    summary: "compile DAG files to manifests and code bundles, for a deployment",
    description:
      "Writes the versions of all DAGs as `release.json`, and their code as `bundles/<hash>.mjs`. `cdk synth` does this by itself. Nothing is written while a DAG has an error.",
    options: [
      { flags: "--out <dir>", description: "where to (default: cdk.out/release)" },
      {
        flags: "--for <file>",
        description: "as an environment has them: its settings for DAGs, as `cdk synth` writes them",
      },
      DAGS,
    ],
    examples: [
      ["compile", "what `cdk deploy` would bring"],
      ["compile --dags pipelines --out build", "from and to other folders"],
    ],
    load: async () => (await import("./commands/compile.ts")).execute,
  },
  {
    name: "simulate",
    arguments: [{ term: "<dag>", description: "the DAG to simulate" }],
    group: WRITE,
    summary: "let a period pass for a DAG, in a moment",
    description:
      "Lets a period pass by the engine that also runs the DAG, on a virtual clock: schedules fire, attempts end, retries follow. None of the DAG's code runs: how attempts end, and how long they take, is said here or drawn by chance. The same seed gives the same again. `*` as a task stands for all that are not named.",
    options: [
      { flags: "--from <date>", description: "from this date or time in the DAG's zone, or this instant" },
      { flags: "--to <date>", description: "up to this time, or to the end of this day" },
      {
        flags: "--fail <task:p>",
        description: "an attempt fails with this probability (repeatable)",
        repeatable: true,
      },
      {
        flags: "--outcome <task=outcome>",
        description:
          "success, fail, skip, permanent, quarantine, timeout or lost; a list for one attempt after the other; choose:a+b for a branch, proceed or stop for a short circuit (repeatable)",
        repeatable: true,
      },
      {
        flags: "--duration <task=time>",
        description: "how long an attempt works: 5m, or 5m±2m (default: 1m; repeatable)",
        repeatable: true,
      },
      { flags: "--lost-worker <p>", description: "an attempt loses its worker midway with this probability" },
      { flags: "--start <time>", description: "somebody starts a run then (repeatable)", repeatable: true },
      {
        flags: "--arrive <time>",
        description: "a file arrives then; TRIGGER=TIME where there are several triggers (repeatable)",
        repeatable: true,
      },
      { flags: "--pool <name=slots>", description: "a pool has so many slots (repeatable)", repeatable: true },
      {
        flags: "--width <task=n>",
        description: "the list of this task, which others are mapped over, has so many items (default: 3; repeatable)",
        repeatable: true,
      },
      { flags: "--seed <n>", description: "what chance makes of it (default: 1)" },
      PARAMS,
      DAGS,
    ],
    examples: [
      ["simulate daily_revenue --from 2026-01-01 --to 2026-12-31", "a year"],
      [
        "simulate daily_revenue --from 2026-03-01 --to 2026-03-31 --fail aggregate:0.1 --duration '*=5m±4m'",
        "a month with failures",
      ],
      ["simulate daily_revenue --from 2026-03-01 --to 2026-03-01 --outcome validate=quarantine", "bad data, once"],
      [
        "simulate process_new_orders --from 2026-03-01 --to 2026-03-01 --arrive 2026-03-01T09:00",
        "a file that arrives",
      ],
    ],
    load: async () => (await import("./commands/simulate.ts")).execute,
  },
  {
    name: "validate",
    arguments: [{ term: "[files...]", description: "DAG files (default: all in the folder)" }],
    group: WRITE,
    summary: "check DAG files, and show everything that is wrong",
    options: [DAGS],
    examples: [
      ["validate", "all files"],
      ["validate dags/daily_revenue.dag.ts", "one"],
    ],
    load: async () => (await import("./commands/validate.ts")).execute,
  },
];
