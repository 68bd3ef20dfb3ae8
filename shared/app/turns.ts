/**
 * Turns at a pool. Many runs of one process tell the same pool at the same time: they would only be in each other's way. So each
 * process makes one decision on it after the other, with all that has come meanwhile; other processes are met by the commit.
 */
import type { PoolId } from "../core/ids.ts";
import type { Pool, PoolEvent } from "../core/pool/record.ts";
import type { Addressed } from "./addressed.ts";
import type { Step } from "./commit.ts";
import type { Engine } from "./engine.ts";

/** What one of them has to say. */
export interface PoolTelling {
  readonly events: readonly PoolEvent[];
  /** With how many slots a pool that is not there is made. */
  readonly declared?: number;
}

interface Waiting extends PoolTelling {
  readonly resolve: (step: Step<Pool>) => void;
  readonly reject: (error: unknown) => void;
}

type Decide = (telling: PoolTelling) => Promise<Step<Pool>>;

/** Of each process, by pool: those that wait for the next decision while one is being made. */
const turns = new WeakMap<Engine, Map<PoolId, Waiting[]>>();

/** What `decide` gives for what is told together with this; of the answers those that are for whom this was told of. */
export function inTurn(engine: Engine, id: PoolId, telling: PoolTelling, decide: Decide): Promise<Step<Pool>> {
  const ofEngine = turns.get(engine) ?? new Map<PoolId, Waiting[]>();
  turns.set(engine, ofEngine);
  return new Promise((resolve, reject) => {
    const waiting = ofEngine.get(id);
    if (waiting === undefined) {
      ofEngine.set(id, [{ ...telling, resolve, reject }]);
      void takeTurns(ofEngine, id, decide);
    } else waiting.push({ ...telling, resolve, reject });
  });
}

/** Until nobody waits any more. Never rejects. */
async function takeTurns(ofEngine: Map<PoolId, Waiting[]>, id: PoolId, decide: Decide): Promise<void> {
  for (let batch = ofEngine.get(id) ?? []; batch.length > 0; batch = ofEngine.get(id) ?? []) {
    ofEngine.set(id, []);
    const declared = batch.find((telling) => telling.declared !== undefined)?.declared;
    const events = batch.flatMap((telling) => telling.events);
    try {
      const { record, answers } = await decide({ events, ...(declared === undefined ? {} : { declared }) });
      const parts = shared(batch, answers);
      for (const [index, waiting] of batch.entries()) waiting.resolve({ record, answers: parts[index] ?? [] });
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    }
  }
  ofEngine.delete(id);
}

/** Each follows up what is for the run that it told of, the first of them the rest. */
function shared(batch: readonly Waiting[], answers: readonly Addressed[]): readonly (readonly Addressed[])[] {
  const teller = new Map<string, number>();
  for (const [index, { events }] of batch.entries()) {
    for (const event of events) if ("runId" in event) teller.set(event.runId, index);
  }
  const parts: Addressed[][] = batch.map(() => []);
  for (const answer of answers) parts[teller.get(answer.id) ?? 0]?.push(answer);
  return parts;
}
