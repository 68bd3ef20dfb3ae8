/** What an operator asks for, by ann's hand. */
import type { RunAction, Signature, TaskSelection } from "../../shared/core/operation.ts";

export const HAND: Signature = { by: "ann", reason: "bad data" };

type Signed<Type extends RunAction["type"]> = Extract<RunAction, { readonly type: Type }> & Signature;

const refs = (ids: readonly string[]): TaskSelection["tasks"] => ids.map((taskId) => ({ taskId, mapIndex: null }));

export const aSelection = (ids: readonly string[], more: Partial<TaskSelection> = {}): TaskSelection => ({
  tasks: refs(ids),
  upstream: false,
  downstream: false,
  onlyFailed: false,
  ...more,
});

export const aClear = (ids: readonly string[], more: Partial<TaskSelection> = {}): Signed<"clear"> => ({
  type: "clear",
  selection: aSelection(ids, more),
  ...HAND,
});

export const aMark = (to: "success" | "failed", ...ids: readonly string[]): Signed<"mark"> => ({
  type: "mark",
  selection: aSelection(ids),
  to,
  ...HAND,
});

export const aRetryNow = (...ids: readonly string[]): Signed<"retry_now"> => ({
  type: "retry_now",
  selection: aSelection(ids),
  ...HAND,
});

/** Without names: the run as a whole. */
export const aPauseOf = (...ids: readonly string[]): Signed<"pause"> => ({ type: "pause", tasks: refs(ids), ...HAND });
export const aResumeOf = (...ids: readonly string[]): Signed<"resume"> => ({
  type: "resume",
  tasks: refs(ids),
  ...HAND,
});
export const CANCEL: Signed<"cancel"> = { type: "cancel", ...HAND };
