/** A step of a run: load, decide, commit, deliver; again from the start if somebody else wrote meanwhile. */
import type { RunEvent } from "../../core/events.ts";
import type { RunId } from "../../core/ids.ts";
import type { Run } from "../../core/run.ts";
import { advance } from "../../core/run/advance.ts";
import { handOfParent } from "../deliver/chunks.ts";
import { committed, untilCommitted, type Step } from "../commit.ts";
import { deliverRun } from "../deliver/run.ts";
import type { Engine } from "../engine.ts";
import { handOfBackfill } from "../deliver/reprocess.ts";
import { prepared, type Hand } from "../hand.ts";

export async function stepRun(
  engine: Engine,
  id: RunId,
  events: readonly RunEvent[],
  hand: Hand<Run> | undefined = handOfBackfill(engine, events) ?? handOfParent(engine, events),
): Promise<Step<Run>> {
  const commitId = engine.ids.commitId();
  const commit = async (): Promise<Step<Run> | "stale"> => {
    const stored = await engine.runs.load(id);
    if (stored === undefined) return { record: undefined, answers: [] };
    engine.crashPoint("run:loaded");
    const before = await prepared(stored.value, hand);
    const version = await engine.versions(before.version);
    const { run, commands, changed } = advance(before, version.manifest, events, engine.clock.now());
    if (changed) {
      const audit = await hand?.audit(stored.value, run);
      const committing = engine.runs.commit(stored, run, commitId, audit);
      engine.claimAlong?.(
        commands.flatMap((command) => (command.type === "dispatch" ? [command.key] : [])),
        commitId,
      );
      if (!(await committed(committing))) return "stale";
      engine.crashPoint(hand === undefined ? "run:committed" : "run:operated");
    }
    return { record: run, answers: await deliverRun(engine, run, version, commands) };
  };
  return untilCommitted(engine, commit, `run '${id}'`);
}
