/** Bugs around commits and what follows them: order, loss, doubles. */
import type { PlantedBug } from "./bug.ts";

const STEP_RUN = "shared/app/step/run.ts";
const STEP_DAG = "shared/app/step/dag.ts";
const ACTIVE = "shared/core/dag/active.ts";
const CURSOR = "shared/core/dag/cursor.ts";

export const DELIVERY_BUGS: readonly PlantedBug[] = [
  {
    name: "send before commit",
    breaks: ["S11"],
    changes: [
      {
        file: STEP_RUN,
        find: "const committing = engine.runs.commit(stored, run, commitId, audit);",
        replace: `await deliverRun(engine, run, version, commands);
      const committing = engine.runs.commit(stored, run, commitId, audit);`,
      },
    ],
  },
  {
    name: "run created before the Dag's commit",
    breaks: ["S9"],
    changes: [
      {
        file: STEP_DAG,
        find: "if (changed && !(await committed(engine.dags.commit(stored, dag, commitId, audit)))) return",
        replace: `const early = await deliverDag(engine, dag, version, commands);
    if (early.length < 0 || changed && !(await committed(engine.dags.commit(stored, dag, commitId, audit)))) return`,
      },
    ],
  },
  {
    name: "commit without due",
    breaks: ["L1", "L4", "L5", "S11"],
    changes: [
      {
        file: "shared/core/run/draft.ts",
        find: "return { ...draft.head, due, ",
        replace: "return { ...draft.head, due: null, ",
      },
    ],
  },
  {
    name: "due moved later on the hot path",
    breaks: ["L1", "L4", "L7", "S11"],
    changes: [
      {
        file: "shared/core/run/draft.ts",
        find: "const due = keep ? stored : (exact ?? null);",
        replace: "const due = exact === undefined ? null : ((exact + 1_000_000_000) as Instant);",
      },
    ],
  },
  {
    name: "sweep trusting the index",
    breaks: ["S17"],
    changes: [
      {
        file: "shared/app/tick.ts",
        find: "overdue.map((record) => wakeMessage(record))",
        replace: "overdue.map((record) => wakeMessage(record, { all: true }))",
      },
    ],
  },
  {
    name: "sweep that remembers how far it came",
    breaks: ["L1", "L2", "L4", "S11"],
    changes: [
      {
        file: "shared/app/tick.ts",
        find: "record.due <= now && !engine",
        replace: "record.due <= now && record.due > now - 90_000 && !engine",
      },
    ],
  },
  {
    name: "commit id ignored",
    breaks: ["S12"],
    changes: [
      {
        file: "shared/simulated/database.ts",
        find: "(row.version === version && row.commitId === commitId) || transactions.has(commitId);",
        replace: "row.version === version && row.commitId === commitId && version < 0;",
      },
    ],
  },
  {
    name: "events dropped on a conflict",
    breaks: ["L3"],
    changes: [
      {
        file: "shared/app/handle-messages.ts",
        find: "if (tries <= CONTENTION_RETRIES_MAX) again.set({ ...message, tries }, message);",
        replace: "if (tries <= 0) again.set({ ...message, tries }, message);",
      },
      {
        file: "shared/app/handle-messages.ts",
        find: `else if (message.type === "object_created") redelivered`,
        replace: "else if (tries > CONTENTION_RETRIES_MAX) redelivered",
      },
    ],
  },
  {
    name: "end of a run told once, and forgotten",
    breaks: ["L4", "S11"],
    changes: [
      {
        file: "shared/core/run/ending.ts",
        find: `  recordEffect(draft, { kind: "run_finished", state: outcome.state, tookMs });\n`,
        replace: `  setHead(draft, { effects: [] });\n`,
      },
    ],
  },
  {
    name: "effect acknowledged before it is applied",
    breaks: ["L1", "L4", "S11"],
    changes: [
      {
        file: "shared/app/deliver/run.ts",
        find: `        answers.push(...(await tell(engine, run, version, command.effect)));`,
        replace: `        answers.push(...(await tell(engine, run, version, command.effect)));
        answers.unshift(toRun(run.runId, { type: "effect_acknowledged", number: command.effect.number }));`,
      },
    ],
  },
  {
    name: "admitted run not started again after a crash",
    breaks: ["L4", "L1"],
    changes: [
      {
        file: ACTIVE,
        find: 'draft.commands.push({ type: "start_run", active });\n  }\n}',
        replace: "void active;\n  }\n}",
      },
    ],
  },
  {
    name: "cursor moved before admission",
    breaks: ["L2"],
    changes: [
      {
        file: CURSOR,
        find: "  if (draft.queueFirst) return;\n",
        replace: `  if (draft.queueFirst) return;
  const next = waitingFiring(draft, schedule);
  if (next !== null && places(draft) === 0)
    draft.dag = { ...draft.dag, first: null, cursor: next.due, nextFire: dueAfter(draft, schedule, next.due) };
`,
      },
    ],
  },
  {
    name: "doubled tick starting two runs",
    breaks: ["S1", "S9"],
    changes: [
      {
        file: CURSOR,
        find: "runId: scheduledRunId(dag.dagId, firing.logicalDate),",
        replace: 'runId: `${scheduledRunId(dag.dagId, firing.logicalDate)}-${now}` as ActiveRun["runId"],',
      },
      {
        file: CURSOR,
        find: "nextFire: dueAfter(draft, schedule, due) };",
        replace: "nextFire: now - due > 2_000 ? dueAfter(draft, schedule, due) : dag.nextFire };",
      },
    ],
  },
];
