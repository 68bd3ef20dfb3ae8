/** The commands by which operators change runs and DAGs by hand. */
import type { CommandSpec, OptionSpec } from "../command.ts";

const OPERATE = "Operate:";

const RUN_ARGUMENT = { term: "<run>", description: "a run id, its beginning, `latest`, or `latest:<dag>`" };
const TASKS_ARGUMENT = {
  term: "[tasks...]",
  description: "tasks of the run; `name[3]` is one instance of a mapped task",
};
const EITHER_ARGUMENT = { term: "<dag|run>", description: "a DAG, or a run: its id, `latest`, or `latest:<dag>`" };

const REASON: OptionSpec = { flags: "--reason <text>", description: "why; it is kept with what was done" };
const DRY_RUN: OptionSpec = { flags: "--dry-run", description: "list exactly what would change, and change nothing" };
const UPSTREAM: OptionSpec = { flags: "--upstream", description: "with everything that these depend on" };
const DOWNSTREAM: OptionSpec = { flags: "--downstream", description: "with everything that depends on these" };

export const OPERATE_COMMANDS: readonly CommandSpec[] = [
  {
    name: "clear",
    arguments: [RUN_ARGUMENT, TASKS_ARGUMENT],
    group: OPERATE,
    summary: "run tasks of a run again",
    description:
      "Runs tasks again, with a full set of retries. A run that has ended is queued again; a task that is at work is stopped first; what did not run because of these is decided again.",
    options: [
      UPSTREAM,
      DOWNSTREAM,
      { flags: "--failed", description: "only what failed or could not run: from the point of failure" },
      { flags: "--all", description: "every task of the run" },
      { flags: "--latest", description: "go on with the newest version of the DAG" },
      REASON,
      DRY_RUN,
    ],
    examples: [
      ["clear latest --failed", "go on from the point of failure"],
      ["clear latest:daily_revenue load --downstream --dry-run", "what would run again?"],
      ["clear latest --failed --latest", "with the code that is registered now"],
    ],
    load: async () => (await import("../commands/clear.ts")).execute,
  },
  {
    name: "mark",
    arguments: [
      { term: "<state>", description: "success or failed" },
      RUN_ARGUMENT,
      { term: "<tasks...>", description: TASKS_ARGUMENT.description },
    ],
    group: OPERATE,
    summary: "take tasks for done, or for failed, without running them",
    description:
      "Gives tasks a state by hand. One that is at work is stopped first. Below a task that is marked as done, what failed or could not run gets another chance. A task that is marked as done has no output: those that take it get none.",
    options: [UPSTREAM, DOWNSTREAM, REASON, DRY_RUN],
    examples: [
      ['mark success latest load --reason "loaded by hand"', "go on as if it had succeeded"],
      ["mark failed latest extract", "end it as failed"],
    ],
    load: async () => (await import("../commands/mark.ts")).execute,
  },
  {
    name: "retry",
    arguments: [RUN_ARGUMENT, TASKS_ARGUMENT],
    group: OPERATE,
    summary: "do not wait any longer for the next try",
    options: [REASON, DRY_RUN],
    examples: [["retry latest extract", "now, not when its delay has passed"]],
    load: async () => (await import("../commands/retry.ts")).execute,
  },
  {
    name: "pause",
    arguments: [EITHER_ARGUMENT, TASKS_ARGUMENT],
    group: OPERATE,
    summary: "start nothing more of a DAG, a run, or tasks of a run",
    description:
      "A paused DAG starts no run, while arrivals collect and active runs go on. A paused run starts no task, and a paused task does not start, while what has been sent to an executor finishes.",
    options: [REASON, DRY_RUN],
    examples: [
      ['pause daily_revenue --reason "warehouse is down"', "a DAG"],
      ["pause latest", "a run"],
      ["pause latest publish", "a breakpoint before one task"],
    ],
    load: async () => (await import("../commands/pause.ts")).execute,
  },
  {
    name: "resume",
    arguments: [EITHER_ARGUMENT, TASKS_ARGUMENT],
    group: OPERATE,
    summary: "go on with what was paused",
    description:
      "A DAG then runs the latest date that it missed and what has arrived meanwhile. A run without named tasks goes on as a whole, with every task of it that is paused.",
    options: [REASON, DRY_RUN],
    examples: [
      ["resume daily_revenue", "a DAG"],
      ["resume latest publish", "one task"],
    ],
    load: async () => (await import("../commands/resume.ts")).execute,
  },
  {
    name: "cancel",
    arguments: [RUN_ARGUMENT],
    group: OPERATE,
    summary: "end a run",
    description:
      "Ends a run: what has not started is skipped, what is at work is told, then killed. Teardowns still run.",
    options: [REASON, DRY_RUN],
    excess: ([, run, task]) =>
      task === undefined || task.startsWith("-")
        ? undefined
        : `a run is cancelled as a whole; \`freshet mark failed ${run} '${task}'\` ends one task of it`,
    examples: [
      ["cancel latest", "the latest run"],
      ['cancel latest:daily_revenue --reason "wrong day"', "the latest run of a DAG"],
    ],
    load: async () => (await import("../commands/cancel.ts")).execute,
  },
  {
    name: "audit",
    arguments: [EITHER_ARGUMENT],
    group: OPERATE,
    summary: "who changed a run or a DAG by hand, when, and why",
    options: [{ flags: "--limit <n>", description: "at most so many, the newest first (default: 20)" }],
    examples: [
      ["audit latest", "what was done to the latest run"],
      ["audit daily_revenue --json", "to a DAG, with the states before and after"],
    ],
    load: async () => (await import("../commands/audit.ts")).execute,
  },
];
