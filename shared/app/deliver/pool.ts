/** Carries out what a decision on a pool asked for, after its commit. */
import type { Pool, PoolCommand } from "../../core/pool/record.ts";
import { assertNever } from "../../core/errors.ts";
import { TIMER_HORIZON_MS } from "../../ports/timers.ts";
import { toPool, toRun, type Addressed } from "../addressed.ts";
import type { Engine } from "../engine.ts";

export async function deliverPool(
  engine: Engine,
  pool: Pool,
  commands: readonly PoolCommand[],
): Promise<readonly Addressed[]> {
  const answers: Addressed[] = [];
  for (const command of commands) {
    switch (command.type) {
      case "tell_run":
        answers.push(tellRun(pool, command));
        break;
      case "timer": {
        const now = engine.clock.now();
        if (command.at - now > TIMER_HORIZON_MS) break;
        await engine.timers.arm({ kind: "pool", id: pool.poolId }, command.at, now);
        break;
      }
      default:
        assertNever(command);
    }
  }
  return answers;
}

/** A run that is not there has no part in the pool. */
function tellRun({ poolId }: Pool, command: Extract<PoolCommand, { type: "tell_run" }>): Addressed {
  const { runId, epoch, number, granted, confirm } = command;
  const seen = toPool(poolId, { type: "grant_seen", runId, epoch, granted });
  return toRun(
    runId,
    { type: "pool_granted", pool: poolId, epoch, number, granted },
    {
      ifMissing: toPool(poolId, { type: "final", runId, epoch }),
      sender: { poolId },
      ...(confirm ? { onApplied: seen } : {}),
    },
  );
}
