/** Everything that can be wrong with a definition. docs/errors.md lists the same codes; a code never changes its meaning. */
export const DAG_CODES = {
  DAG001: {
    title: "An id is not allowed",
    explanation:
      "Ids become parts of keys, folders and addresses. They have letters, digits, `_` and `-`; the id of a task may also have single dots between names.",
  },
  DAG002: {
    title: "Two things have the same id",
    explanation:
      "The id of a DAG is unique among all files, the id of a task or a trigger within its DAG. Both places are shown.",
  },
  DAG003: {
    title: "Tasks form a cycle",
    explanation:
      "Each task of the cycle waits for another one in it, so none could ever start. The shortest way round is shown.",
  },
  DAG004: {
    title: "An option does not exist",
    explanation: "The nearest option that does exist is named, and all of them are listed.",
  },
  DAG005: {
    title: "An option has a wrong value",
    explanation: "The message shows what was given and what is expected there.",
  },
  DAG006: {
    title: "A duration cannot be read",
    explanation:
      'A duration is a text of numbers with units: "500ms", "30s", "10m", "1h30m", "2d". The longest is "36500d".',
  },
  DAG007: {
    title: "A schedule cannot be read, or never fires",
    explanation:
      'A schedule is made by `cron("0 4 * * *")`, with five fields, by `every`, such as `every.day({ at: "04:00" })`, or by `dates(["2026-03-01"])`. One that covers periods fires at most once in each; `start` comes before `end`.',
  },
  DAG008: {
    title: "A time zone is not known",
    explanation: 'A time zone has a name of the IANA database, such as "Europe/London" or "UTC".',
  },
  DAG009: {
    title: "A timeout is longer than the executor allows",
    explanation:
      'A function on AWS Lambda ends after 15 minutes, so an attempt on `lambda` may take 14. Longer work belongs on `executor: "worker"`.',
  },
  DAG010: {
    title: "An upstream is not usable",
    explanation:
      "`inputs`, `after` and `tasks` take tasks: the values that `task()` and its like return, not their ids. An output has one name in a task.",
  },
  DAG011: {
    title: "A teardown does not fit its setups",
    explanation: "A teardown names in `of` the tasks, made by `setup()`, that it takes down.",
  },
  DAG012: {
    title: "A branch does not fit its children",
    explanation:
      "A branch chooses among the tasks that come directly after it. It needs at least one, and `choices` may name only such tasks.",
  },
  DAG013: {
    title: "The params are not usable",
    explanation:
      "`params` is an object schema that can be turned into JSON Schema, such as `z.object({ ... })`. Tasks that read params name the same schema as their DAG.",
  },
  DAG014: {
    title: "An arrival trigger is not usable",
    explanation:
      "An arrival trigger names a bucket and, if need be, how the keys begin and end; it never waits less than `debounce`.",
  },
  DAG015: {
    title: "A DAG is too large",
    explanation: "The bound and the measured size are shown. Split the DAG, or do more in one task.",
  },
  DAG016: {
    title: "A task is exported, but no DAG uses it",
    explanation: "Nothing runs it: add it to the `tasks` of a DAG, or do not export it. It is a warning.",
  },
  DAG017: {
    title: "A file exports no DAG",
    explanation: "A `*.dag.ts` file exports what `dag()` returns, by default or by name, or a list of such values.",
  },
  DAG018: {
    title: "A date of a schedule cannot be read, or does not exist",
    explanation:
      'A date is a text: `"2026-03-01"`, with a time on the local clock `"2026-03-01T04:00"`, or an instant `"2026-03-01T04:00:00Z"`. 30 February is none.',
  },
  DAG019: {
    title: "A local time is skipped as clocks go forward",
    explanation:
      'The instant that it becomes is shown: as much later as clocks go forward. With `dst: { gap: "skip" }` one of `dates()` is left out. It is a warning.',
  },
  DAG020: {
    title: "A fixed length of whole days does not keep its time of day",
    explanation:
      '`every("1d")` is 24 hours, whatever clocks do; `every.day()` is a local day. It is a warning, in zones that change their clocks.',
  },
  DAG021: {
    title: "A map is not usable",
    explanation:
      "A task is mapped over the list of one other task, which is not mapped itself; its rule cannot be `always`, which would start it before there is a list. `limit` and `concurrency` are whole numbers from 1; `tolerance` is `{ count: 3 }`, or `{ share: 0.05 }` from 0 to 1.",
  },
  DAG022: {
    title: "A triggered DAG is not usable",
    explanation:
      "`triggerDag` names in `dag` the DAG to start, by the value that `dag()` returned or by its id. What it is started with stands in `with`. A task that does not wait has no `timeout` and no `onChildFailure`. An id that no file has, but one that is nearly the same, is a warning.",
  },
  DAG023: {
    title: "DAGs wait for each other",
    explanation:
      "Each of the tasks shown waits for a run whose own task waits for the next one, round to the first, so that none could ever end. One of them may start its run with `wait: false`.",
  },
  DAG024: {
    title: "A pool is not usable",
    explanation:
      "`pools` takes what `pool()` returned, or `{ pool, slots }` for a task that takes more than one slot; a task names a pool once. `slots` are whole numbers.",
  },
  DAG025: {
    title: "A task takes more slots than its pool has",
    explanation: "It could never start. Both places are shown.",
  },
  DAG026: {
    title: "A pool has different sizes",
    explanation:
      "A pool is one for all DAGs, by its id. Declare it once, in a file that the others import; both places are shown.",
  },
  DAG027: {
    title: "A deadline is not usable",
    explanation:
      'A deadline says `within: "2h"`, counted `from` a time of the run, or `by: "07:00"`, with a `timezone` if it is another than the DAG\'s. A DAG has at most five. One that every run would have missed before it is due is refused. Where runs have a logical date only if they are started with an interval, it is a warning.',
  },
} as const satisfies Record<string, { readonly title: string; readonly explanation: string }>;

export type DagCode = keyof typeof DAG_CODES;
