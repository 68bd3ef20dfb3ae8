/** All commands: how they are called, and by which example they are understood. */
import type { CommandSpec, OptionSpec } from "./command.ts";
import { hereOnly } from "./here-only.ts";
import { OPERATE_COMMANDS } from "./operate/commands.ts";
import { DAGS, PARAMS } from "./shared-options.ts";
import { WRITE_COMMANDS } from "./write-commands.ts";

const RUN = "Run:";
const LOOK = "Look:";

const FILE: OptionSpec = {
  flags: "--file <key>",
  description: "start with this object: a key in the bucket of its trigger, or s3://bucket/key (repeatable)",
  repeatable: true,
};
const ENVIRONMENT: OptionSpec = {
  flags: "--env <name>",
  description: "of this environment on AWS, instead of this machine",
};
const RUN_ARGUMENT = { term: "<run>", description: "a run id, its beginning, `latest`, or `latest:<dag>`" };

const SPECS: readonly CommandSpec[] = [
  {
    name: "dev",
    group: RUN,
    summary: "run everything here: schedules, arriving files, hot reload",
    description:
      "Runs a whole Freshet on this machine: schedules fire, files that arrive in the bucket folders start runs, and DAG files that you save are taken up at once. `npm start` is the same.",
    options: [
      { flags: "--once", description: "process what is there, then end: 0 if the runs succeeded, 1 if not" },
      { flags: "--workers <n>", description: "worker processes at the most (default: four a core)" },
      {
        flags: "--window <time>",
        description: 'wait at the most this long for more files (default: 2s), or "as-written"',
      },
      { flags: "--no-schedules", description: "leave schedules out: nothing starts by the clock" },
      {
        flags: "--keep <time>",
        description: 'forget runs that ended longer ago, with logs and outputs (default: 90d), or "all"',
      },
      { flags: "--data-window <time>", description: "as where there is no older data: `7d`" },
      DAGS,
    ],
    examples: [
      ["dev", "start; Ctrl-C ends it"],
      ["dev --window as-written", "with the debounce that the DAGs ask for"],
      ["dev --no-schedules", "start runs by hand and by arriving files alone"],
      ["dev --once", "process the files that are there, and exit by the outcome"],
    ],
    load: async () => (await import("./commands/dev.ts")).execute,
  },
  {
    name: "run",
    arguments: [{ term: "<dag>", description: "the DAG to run" }],
    group: RUN,
    summary: "run a DAG now, and watch it",
    description:
      "Runs a DAG in the foreground and exits by its outcome. Beside a running `freshet dev` the run happens there; otherwise in this process.",
    options: [
      { flags: "--date <YYYY-MM-DD>", description: "cover the period of the schedule that this local date lies in" },
      { flags: "--interval <start/end>", description: "cover from start to end: dates in the DAG's zone, or ISO 8601" },
      PARAMS,
      FILE,
      {
        flags: "--task <task>",
        description: "only this task, with the inputs it had in --from-run; nothing is recorded",
      },
      { flags: "--from-run <run>", description: "the run that --task takes its inputs from" },
      { flags: "--inspect", description: "run the tasks in this process, for a debugger" },
      { flags: "--no-logs", description: "do not print what the tasks log" },
      DAGS,
    ],
    examples: [
      ["run daily_revenue", "the last complete interval of its schedule"],
      ["run daily_revenue --date 1997-01-01", "one day"],
      ["run daily_revenue --interval 1997-01-01/1997-01-02", "from start to end, whatever the schedule says"],
      ["run process_new_orders --file raw/orders/1997-01-01.csv", "with a file that lies in its bucket"],
      ["run process_new_orders --task validate --from-run latest", "one task again, after you changed it"],
      ["run daily_revenue --inspect", "with breakpoints"],
    ],
    load: async () => (await import("./commands/run.ts")).execute,
  },
  {
    name: "trigger",
    arguments: [{ term: "<dag>", description: "the DAG to start" }],
    group: RUN,
    summary: "start a run, and do not wait for it",
    options: [
      FILE,
      PARAMS,
      { flags: "--key <text>", description: "the same key starts the same run once, however often it is asked for" },
      { flags: "--at <time>", description: "not before this time on the DAG's clock, or this instant" },
      { flags: "--in <duration>", description: "not before so much time has passed: 30m, 2h" },
    ],
    examples: [
      ["trigger daily_revenue", "start a run of the last complete interval"],
      ["trigger process_new_orders --file raw/orders/1997-01-01.csv", "with a file"],
      ["trigger daily_revenue --key ticket-4711", "once for this key"],
      ["trigger daily_revenue --in 2h", "later"],
    ],
    load: async () => (await import("./commands/trigger.ts")).execute,
  },
  ...OPERATE_COMMANDS,
  {
    name: "backfill",
    arguments: [{ term: "<dag>", description: "the DAG whose past dates are run" }],
    group: RUN,
    summary: "run past dates of a schedule",
    description:
      "Makes a run for each date of the schedule in a stretch of time, beside the runs of the schedule and without slowing them. Dates that have a run are left out, unless --reprocess says otherwise. The number of runs is always printed; more than 500 are only started with --yes.",
    options: [
      { flags: "--from <date>", description: "the first date, or a time on the schedule's clock, or an instant" },
      { flags: "--to <date>", description: "the last date; a time is the end itself" },
      { flags: "--tasks <names>", description: "only these tasks: load,report+ (report and all that follow it)" },
      {
        flags: "--reprocess <which>",
        description: "of dates that have a run: none (default), failed, or completed (all that have ended)",
      },
      { flags: "--only-missed", description: "only dates that were passed over; --from and --to may then be left out" },
      { flags: "--order <order>", description: "oldest (default), newest or random" },
      { flags: "--parallel <n>", description: "runs at the same time (default: 10)" },
      { flags: "--pool <pool>", description: "each task takes a slot of this pool, besides its own" },
      { flags: "--latest", description: "runs get the newest version as they start, those that are run again, too" },
      { flags: "--ignore-depends-on-past", description: "tasks do not wait for the run before" },
      PARAMS,
      { flags: "--dry-run", description: "list what would be done with each date" },
      { flags: "--yes", description: "start also more than 500 runs" },
    ],
    examples: [
      ["backfill daily_revenue --from 1997-01-01 --to 1997-01-31 --dry-run", "what a month would be"],
      ["backfill daily_revenue --from 1997-01-01 --to 1997-01-31", "a month, both days included"],
      ["backfill daily_revenue --only-missed", "what was passed over"],
      ["backfill daily_revenue --from 1997-01-01 --to 1997-01-31 --reprocess failed", "what failed, again"],
    ],
    load: async () => (await import("./commands/backfill.ts")).execute,
  },
  {
    name: "backfills",
    arguments: [{ term: "[backfill]", description: "one of them" }],
    group: RUN,
    summary: "list backfills, or pause, resume or cancel one",
    options: [
      { flags: "--pause", description: "start no more runs; those at work go on" },
      { flags: "--resume", description: "go on" },
      { flags: "--cancel", description: "start no more runs, and cancel those at work" },
      { flags: "--reason <text>", description: "why; it is kept with the backfill" },
    ],
    examples: [
      ["backfills", "all of them, the newest first"],
      ["backfills daily_revenue.backfill.20260301T120000Z-k3x9 --pause", "for a while"],
    ],
    load: async () => (await import("./commands/backfills.ts")).execute,
  },
  {
    name: "pools",
    arguments: [{ term: "[words...]", description: "a pool, for who holds and who waits; or `set <pool> <slots>`" }],
    group: LOOK,
    summary: "pools: their slots, who holds them, who waits",
    description:
      "Lists the pools, or shows one. `freshet pools set <pool> <slots>` gives it another size until its declaration says another number: what is in use stays so, and 0 drains it.",
    options: [{ flags: "--reason <text>", description: "why it is set; it is kept with who set it" }],
    examples: [
      ["pools", "which are full?"],
      ["pools warehouse", "who holds its slots, and who waits?"],
      ['pools set warehouse 0 --reason "maintenance"', "start nothing more that takes a slot of it"],
      ["pools set warehouse 8", "go on"],
    ],
    load: async () => (await import("./commands/pools.ts")).execute,
  },
  {
    name: "why",
    arguments: [
      { term: "<run>", description: "a run id, its beginning, `latest`, `latest:<dag>`, or the name of a DAG" },
      { term: "[task]", description: "one of its tasks" },
    ],
    group: LOOK,
    summary: "why a run, a task or a DAG is as it is, and what to do",
    options: [],
    examples: [
      ["why latest", "why did the latest run fail, or what does it wait for?"],
      ["why latest:daily_revenue publish", "why has this task not run?"],
      ["why daily_revenue", "why does this DAG start no run?"],
      ["why latest 'load[417]'", "why is this instance of a mapped task as it is?"],
    ],
    load: async () => (await import("./commands/why.ts")).execute,
  },
  {
    name: "runs",
    arguments: [{ term: "[dag]", description: "only runs of this DAG" }],
    group: LOOK,
    summary: "list runs, the newest first by what they cover",
    options: [
      { flags: "--state <state>", description: "queued, running, success, failed or cancelled" },
      { flags: "--late", description: "only those that have missed a deadline, of the latest 2,000" },
      { flags: "--missing", description: "instead, the scheduled dates that were passed over and have had no run" },
      { flags: "--limit <n>", description: "at most so many (default: 20)" },
    ],
    examples: [
      ["runs", "the latest runs"],
      ["runs --late", "what was promised, and has not come in time"],
      ["runs daily_revenue --missing", "what was not made up for"],
      ["runs daily_revenue --state failed", "what failed"],
      ["runs --json --limit 1", "for a program"],
    ],
    load: async () => (await import("./commands/runs.ts")).execute,
  },
  {
    name: "tasks",
    arguments: [RUN_ARGUMENT, { term: "[task]", description: "one of its tasks, with all of its instances" }],
    group: LOOK,
    summary: "list the tasks of a run",
    options: [],
    examples: [
      ["tasks latest", "the tasks of the latest run"],
      ["tasks latest load", "every instance of a mapped task"],
    ],
    load: async () => (await import("./commands/tasks.ts")).execute,
  },
  {
    name: "logs",
    arguments: [RUN_ARGUMENT, { term: "<task>", description: "one of its tasks" }],
    group: LOOK,
    summary: "print what a task logged",
    options: [
      { flags: "--attempt <n>", description: "this attempt (default: the latest)" },
      { flags: "--follow", description: "go on until the attempt ends" },
    ],
    examples: [
      ["logs latest extract", "the latest attempt"],
      ["logs latest extract --attempt 1", "the first one"],
      ["logs latest extract --follow", "as it comes"],
      ["logs latest 'load[417]'", "one instance of a mapped task"],
    ],
    load: async () => (await import("./commands/logs.ts")).execute,
  },
  {
    name: "dags",
    group: LOOK,
    summary: "list the DAGs that are registered here",
    options: [],
    examples: [["dags", "their schedules, triggers and next runs"]],
    load: async () => (await import("./commands/dags.ts")).execute,
  },
  {
    name: "schedule",
    arguments: [{ term: "<dag>", description: "the DAG whose schedule is shown" }],
    group: LOOK,
    summary: "show when a DAG will run, and what each run covers",
    description:
      "Shows the coming runs of a DAG as its file says, or with --env as it is deployed: logical date, what is covered, and when it falls due, in UTC and on the schedule's own clock. Days on which clocks change are marked.",
    options: [
      { flags: "--next <n>", description: "so many (default: 10)" },
      {
        flags: "--from <date>",
        description: "from this date or time on the schedule's clock, or this instant (default: now)",
      },
      DAGS,
    ],
    examples: [
      ["schedule daily_revenue", "the next ten runs"],
      ["schedule daily_revenue --next 3 --from 2026-10-24", "around a change of clocks"],
      ["schedule daily_revenue --json", "for a program"],
    ],
    load: async () => (await import("./commands/schedule.ts")).execute,
  },
  {
    name: "plan",
    group: LOOK,
    summary: "compare the DAG files with what is registered",
    description:
      "Shows what taking up the DAG files here, or with --env deploying them, would change: schedules, tasks, edges and options, when the next runs would come before and after, which runs are at work and keep their version, and which executors would go.",
    options: [DAGS],
    examples: [
      ["plan", "before you start `freshet dev`"],
      ["plan --env prod", "before a deployment"],
      ["plan --json", "for a program"],
    ],
    load: async () => (await import("./commands/plan.ts")).execute,
  },
  ...WRITE_COMMANDS,
];

const JSON_OPTION: OptionSpec = { flags: "--json", description: "print JSON, for programs" };

/** They look at records and change them, wherever those are. */
const ANYWHERE: ReadonlySet<string> = new Set([
  "trigger",
  "backfill",
  "backfills",
  "pools",
  "runs",
  "tasks",
  "why",
  "logs",
  "dags",
  "schedule",
  "plan",
  ...OPERATE_COMMANDS.map(({ name }) => name),
]);

export const COMMANDS: readonly CommandSpec[] = SPECS.map((spec) => ({
  ...spec,
  ...hereOnly(spec.name),
  options: [...spec.options, ...(ANYWHERE.has(spec.name) ? [ENVIRONMENT] : []), JSON_OPTION],
}));
