import { listPools, readPool, resizePool } from "../../shared/app/pools.ts";
import type { PoolView } from "../../shared/contract/views.ts";
import { FreshetError } from "../../shared/core/errors.ts";
import type { PoolId } from "../../shared/core/ids.ts";
import type { Instant } from "../../shared/core/time.ts";
import type { Execute, Invocation } from "../command.ts";
import { reasonOf } from "../given.ts";
import { operator } from "../home/beside.ts";
import { lookInto } from "../home/reading.ts";
import { safeLine } from "../output/escape.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { printTable } from "../output/table.ts";
import type { Channel } from "../output/terminal.ts";
import { agoText, plural, timeText } from "../output/words.ts";

interface Options {
  readonly reason?: string;
}

export const execute: Execute<Options> = async (invocation) => {
  const words = invocation.args.flat().filter((word) => word !== undefined);
  const [first, name, slots, ...rest] = words;
  if (first === "set") {
    if (name === undefined || slots === undefined || rest.length > 0)
      throw new FreshetError(
        "USAGE",
        "`freshet pools set` takes a pool and a number of slots: `freshet pools set warehouse 4`",
      );
    await set(invocation, name, slots);
  } else if (name !== undefined) {
    throw new FreshetError(
      "USAGE",
      `'${words.join(" ")}' is not one pool; \`freshet pools set <pool> <slots>\` sets its size`,
    );
  } else await (first === undefined ? list(invocation) : show(invocation, first));
  return EXIT.success;
};

async function list({ terminal, project, json }: Invocation<Options>): Promise<void> {
  const pools = await lookInto(project, async (home) => (home === undefined ? [] : listPools(home.reading)));
  if (json) return printJson(terminal.out, pools);
  if (pools.length === 0) return terminal.err.line("no DAG that is registered here has a pool or a limit on its tasks");
  printPools(terminal.out, pools);
}

async function show({ terminal, project, json }: Invocation<Options>, name: string): Promise<void> {
  await lookInto(project, async (home) => {
    if (home === undefined) throw nothingHere(project.home.path, name);
    const pool = await readPool(home.reading, name);
    if (json) printJson(terminal.out, pool);
    else printPool(terminal.out, pool, home.reading.clock.now());
  });
}

const nothingHere = (home: string, name: string): FreshetError =>
  new FreshetError("POOL_NOT_FOUND", `there is no pool '${name}': nothing has been registered in '${home}' yet`);

async function set(
  { terminal, project, env, json, options }: Invocation<Options>,
  name: string,
  text: string,
): Promise<void> {
  await lookInto(project, async (home) => {
    if (home === undefined) throw nothingHere(project.home.path, name);
    // What is no number is refused with the numbers that are.
    const slots = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(slots))
      throw new FreshetError(
        "USAGE",
        `'${text}' is no number of slots; give a whole number from 0, which drains the pool`,
      );
    const poolId = name as PoolId;
    await resizePool(home.engine, { poolId, slots, by: operator(env), reason: reasonOf(options.reason) });
    await home.heardBy({ kind: "pool", id: poolId });
    const pool = await readPool(home.reading, name);
    if (json) return printJson(terminal.out, pool);
    terminal.out.line(resizedText(pool));
  });
}

function resizedText({ pool, slots, used, declared }: PoolView): string {
  const over = used > slots ? `; ${used} are in use, and nothing more starts until fewer than ${slots} are` : "";
  if (slots === 0) return `pool ${pool} is drained: what is at work goes on, nothing more starts (${used} in use)`;
  const until = slots === declared ? "as it is declared" : `until its declaration says another number than ${declared}`;
  return `pool ${pool} has ${plural(slots, "slot")}, ${until}${over}`;
}

function printPools(out: Channel, pools: readonly PoolView[]): void {
  printTable(
    out,
    [
      { heading: "POOL", cell: ({ pool }) => pool },
      { heading: "SLOTS", cell: ({ slots }) => String(slots), align: "right" },
      {
        heading: "USED",
        cell: ({ used, slots }) => out.paint(used > 0 && used >= slots ? "yellow" : "none", String(used)),
        align: "right",
      },
      { heading: "WAITING", cell: ({ waiting }) => String(waiting), align: "right" },
      { heading: "DAGS", cell: ({ dags }) => (dags.length === 0 ? "-" : dags.join(", ")), flexible: true },
      { heading: "SET", cell: setText },
    ],
    pools,
  );
}

const setText = ({ resized, slots, declared }: PoolView): string =>
  resized === null || slots === declared ? "" : safeLine(`by ${resized.by} (declared: ${declared})`);

function printPool(out: Channel, pool: PoolView, now: Instant): void {
  const { used, slots, waiting, resized, declared, holders, waiters, dags } = pool;
  out.line(
    `${out.paint("bold", `pool ${pool.pool}`)}  ${used} of ${plural(slots, "slot")} in use, ${waiting} waited for`,
  );
  if (resized !== null) {
    out.line(`  set by ${safeLine(resized.by)} ${agoText(resized.at, now)}; declared: ${declared}`);
  }
  if (dags.length > 0) out.line(`  used by ${dags.join(", ")}`);
  if (holders.length > 0) {
    out.line();
    printTable(
      out,
      [
        { heading: "HOLDS", cell: ({ runId }) => runId },
        { heading: "SLOTS", cell: (holder) => String(holder.slots), align: "right" },
      ],
      holders,
    );
  }
  if (waiters.length > 0) {
    out.line();
    printTable(
      out,
      [
        { heading: "WAITS", cell: ({ runId }) => runId },
        { heading: "SLOTS", cell: (waiter) => String(waiter.slots), align: "right" },
        {
          heading: "NEXT TAKES",
          cell: ({ next }) => (next > slots ? `${next} (more than there are)` : String(next)),
          align: "right",
        },
        { heading: "PRIORITY", cell: ({ priority }) => String(priority), align: "right" },
        { heading: "LOGICAL DATE", cell: ({ logicalDate }) => timeText(logicalDate) },
        { heading: "SINCE", cell: ({ since }) => (since === null ? "-" : agoText(since, now)) },
      ],
      waiters,
    );
  }
}
