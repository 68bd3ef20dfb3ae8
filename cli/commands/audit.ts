import type { AuditView } from "../../shared/contract/views.ts";
import { backfillId, idFault } from "../../shared/core/ids.ts";
import type { AuditSubject, StoredAudit } from "../../shared/core/operation.ts";
import { iso } from "../../shared/core/time.ts";
import { AUDIT_PAGE_MAX } from "../../shared/ports/audit-log.ts";
import { required, type Execute } from "../command.ts";
import { countOf } from "../given.ts";
import type { StateStores } from "../home/stores.ts";
import { lookIntoRuns } from "../home/reading.ts";
import { targetOf } from "../operate/given.ts";
import { safeLine } from "../output/escape.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { printTable } from "../output/table.ts";
import type { Channel } from "../output/terminal.ts";
import { timeText } from "../output/words.ts";

interface Options {
  readonly limit?: string;
}

const LIMIT_DEFAULT = 20;

export const execute: Execute<Options> = async ({ terminal, project, json, args, options }) => {
  const limit = countOf("--limit", options.limit, AUDIT_PAGE_MAX) ?? LIMIT_DEFAULT;
  await lookIntoRuns(project, async ({ reading, stores }) => {
    const name = required(args, 0);
    const target = (await backfillNamed(stores, name)) ?? (await targetOf(reading, name));
    const acts = (await stores.audit.list(target, limit)).map(auditView);
    if (json) return printJson(terminal.out, acts);
    if (acts.length === 0) return terminal.err.line(`nobody has changed ${target.kind} ${target.id} by hand`);
    printActs(terminal.out, acts);
  });
  return EXIT.success;
};

async function backfillNamed(
  { backfills }: Pick<StateStores, "backfills">,
  name: string,
): Promise<AuditSubject | undefined> {
  if (!name.includes(".backfill.") || idFault("run", name) !== undefined) return undefined;
  const found = await backfills.load(backfillId(name));
  return found && { kind: "backfill", id: found.value.backfillId };
}

const auditView = ({ subject, at, ...entry }: StoredAudit): AuditView => ({ ...subject, at: iso(at), ...entry });

/** As `--dry-run` counts them: a task that only waits for its instances again is not counted beside them. */
function tasksIn({ before: { tasks = {}, more = 0 } }: AuditView): number {
  const names = Object.keys(tasks);
  const withInstances = new Set(names.flatMap((name) => /^(.+)\[\d+\]$/.exec(name)?.[1] ?? []));
  return names.filter((name) => !withInstances.has(name)).length + more;
}

function printActs(out: Channel, acts: readonly AuditView[]): void {
  printTable(
    out,
    [
      { heading: "WHEN", cell: (act) => timeText(act.at) },
      { heading: "WHO", cell: (act) => safeLine(act.by) },
      { heading: "WHAT", cell: (act) => safeLine(act.action) },
      {
        heading: "TASKS",
        cell: (act) => String(tasksIn(act)),
        align: "right",
      },
      {
        heading: "STATE",
        cell: ({ before, after }) => (before.state === undefined ? "" : `${before.state} -> ${after.state ?? ""}`),
      },
      { heading: "WHY", cell: (act) => safeLine(act.reason), flexible: true },
    ],
    acts,
  );
}
