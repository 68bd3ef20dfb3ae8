/** What the world is told of a run. */
import type { Fact } from "../events.ts";
import { runText } from "../fact-text.ts";
import { failedTasks } from "./dispatch.ts";
import type { Draft } from "./draft.ts";

export function factOf(draft: Draft, type: Fact["type"]): Fact {
  const { head, plan } = draft;
  const { owner, team, runbook } = plan.manifest;
  const failed = type === "run_started" ? [] : failedTasks(draft, null);
  return {
    v: 1,
    type,
    text: runText(head, plan.manifest),
    runId: head.runId,
    dagId: head.dagId,
    state: head.state,
    degraded: head.degraded,
    at: draft.now,
    owner,
    team,
    runbook,
    failed,
  };
}
