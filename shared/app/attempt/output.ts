/** What becomes of what an attempt's code gave: where its output is stored, and what the scheduler is told. */
import {
  OUTPUT_BYTES_MAX,
  OUTPUT_CARRIED_BYTES_MAX,
  OUTPUT_INLINE_BYTES_MAX,
  type Dispatch,
  type MappedFacts,
  type Outcome,
  type OutputRef,
} from "../../core/attempt.ts";
import { UNMAPPED, type AttemptKey } from "../../core/ids.ts";
import { jsonFault, type JsonValue } from "../../core/json.ts";
import type { RunnerResult } from "../../core/task-host.ts";
import { PARAMS_BYTES_MAX } from "../../contract/params.ts";
import type { BlobStore } from "../../ports/blob-store.ts";
import type { Ids } from "../../ports/clock.ts";
import { keysKey, mappedFacts, putList } from "./list-output.ts";

export interface Outcomes {
  /** What the attempt item keeps. */
  readonly stored: Outcome;
  /** What the completion carries: a small output in place, so that the next task need not read it. */
  readonly carried: Outcome;
}

interface Storing {
  readonly blobs: BlobStore;
  readonly ids: Ids;
}

/** Stores an output that is too large for the attempt item; of a list that is mapped, what its instances need. */
export async function storeOutcome(storing: Storing, dispatch: Dispatch, result: RunnerResult): Promise<Outcomes> {
  if (result.kind !== "success") return { stored: result, carried: result };
  const { output, keys = {}, ...rest } = result;
  const paramsBytes = rest.child === undefined ? 0 : JSON.stringify(rest.child.params).length;
  if (paramsBytes > PARAMS_BYTES_MAX) {
    const why = `the params of the child run have ${paramsBytes} bytes; at most ${PARAMS_BYTES_MAX} are allowed: put the data into storage and pass its key`;
    return both(refused("INVALID_PARAMS", why));
  }
  const fault = output === undefined ? undefined : jsonFault(output);
  if (fault !== undefined)
    return both(
      refused(
        "OUTPUT_NOT_JSON",
        `the output is not JSON; ${fault}: return plain data, or write a file and return its key`,
      ),
    );
  const { mappedBy = [] } = dispatch;
  const mapped = mappedBy.length === 0 ? undefined : mappedFacts(output, mappedBy, keys);
  if (mapped?.length !== undefined) await putKeys(storing.blobs, dispatch, mapped, keys);
  const ended = { ...rest, ...(mapped === undefined ? {} : { mapped }) };
  if (output === undefined || output === null) return both({ ...ended, output: { kind: "none" } });
  const text = JSON.stringify(output);
  const body = new TextEncoder().encode(text);
  const inline: Outcome = { ...ended, output: { kind: "inline", value: output } };
  if (body.length <= OUTPUT_INLINE_BYTES_MAX) return both(inline);
  if (body.length > OUTPUT_BYTES_MAX) {
    const why = `the output has ${body.length} bytes; at most ${OUTPUT_BYTES_MAX} are allowed: write it to storage and return its key`;
    return both(refused("OUTPUT_TOO_LARGE", why));
  }
  const key = outputKey(dispatch.key);
  const ref = isMappedList(output, mapped)
    ? await putList(storing.blobs, key, output, (whole) => storing.ids.digest(whole))
    : await putWhole(storing, key, body, text);
  const stored: Outcome = { ...ended, output: ref };
  return { stored, carried: body.length <= OUTPUT_CARRIED_BYTES_MAX ? inline : stored };
}

const isMappedList = (output: JsonValue, mapped: MappedFacts | undefined): output is readonly JsonValue[] =>
  mapped !== undefined && Array.isArray(output);

async function putWhole({ blobs, ids }: Storing, key: string, body: Uint8Array, text: string): Promise<OutputRef> {
  await blobs.put(key, body);
  return { kind: "blob", key, bytes: body.length, sha256: ids.digest(text) };
}

const outputKey = ({ runId, taskId, mapIndex, attempt }: AttemptKey): string =>
  `runs/${runId}/${taskId}${mapIndex === UNMAPPED ? "" : `.${mapIndex}`}.${attempt}.json`;

/** The names of the instances to come, for people: the instances themselves know their own. */
async function putKeys(
  blobs: BlobStore,
  { key: { runId, taskId, attempt }, mappedBy = [] }: Dispatch,
  { faults = {} }: MappedFacts,
  keys: NonNullable<Extract<RunnerResult, { kind: "success" }>["keys"]>,
): Promise<void> {
  for (const mapped of mappedBy) {
    const names = keys[mapped];
    if (!Array.isArray(names) || faults[mapped] !== undefined) continue;
    await blobs.put(keysKey(runId, taskId, attempt, mapped), new TextEncoder().encode(JSON.stringify(names)));
  }
}

const both = (outcome: Outcome): Outcomes => ({ stored: outcome, carried: outcome });
const refused = (name: string, message: string): Outcome => ({
  kind: "failed",
  error: { name, message, class: "permanent" },
});
