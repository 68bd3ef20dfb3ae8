import type { RunId } from "../ids.ts";
import type { ChildSpec } from "../manifest.ts";
import { childRunId } from "../run-id.ts";
import { keyOf, type Draft } from "./draft.ts";

/** The child run that the current attempt of a task instance starts. */
export const childIdOf = (draft: Draft, slot: number, { dagId }: ChildSpec): RunId =>
  childRunId(dagId, draft.head.logicalDate ?? draft.head.queuedAt, keyOf(draft, slot));
