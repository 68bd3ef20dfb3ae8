/** A small world for recovery tests: its pipelines, whose tasks keep a journal, and what must come of them. */
import { existsSync, readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { bundleKey } from "../../shared/ports/blob-store.ts";
import type { BlobStore } from "../../shared/ports/blob-store.ts";
import type { DagVersion } from "../../shared/ports/dag-store.ts";
import { dagId, poolId, triggerId, versionHash } from "../../shared/core/ids.ts";
import { startOfDate } from "../../shared/core/schedule/zone.ts";
import { canonicalJson } from "../../shared/core/json.ts";
import type { Manifest } from "../../shared/core/manifest.ts";
import { aChildSpec, aManifest, anArrivalTrigger, aRetrySpec, aTaskSpec } from "../builders/index.ts";

/** One line for each start and each end of user code, in the order in which they happened. */
export interface JournalLine {
  readonly at: "start" | "end";
  readonly runId: string;
  readonly taskId: string;
  readonly attempt: number;
}

const journalPath = (home: string): string => join(home, "journal.jsonl");

export function readJournal(home: string): readonly JournalLine[] {
  if (!existsSync(journalPath(home))) return [];
  const lines = readFileSync(journalPath(home), "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as JournalLine);
}

/**
 * The code of every pipeline here. `flaky` fails the first time, `slow` waits until it is told to stop, `big` returns more
 * than an item holds, the others return at once.
 */
const CODE = `
import { appendFileSync } from "node:fs";
const note = (journal, at, key) =>
  appendFileSync(journal, JSON.stringify({ at, runId: key.runId, taskId: key.taskId, attempt: key.attempt }) + "\\n");
export default {
  freshetBundle: 1,
  async execute({ dispatch }, host) {
    const { key, run } = dispatch;
    const { journal } = run.params;
    note(journal, "start", key);
    if (key.taskId === "slow") {
      await new Promise((resolve) => host.signal.addEventListener("abort", resolve, { once: true }));
    }
    note(journal, "end", key);
    if (key.taskId === "flaky" && key.attempt === 1) {
      return { kind: "failed", error: { name: "Error", message: "the first try fails", class: "transient" } };
    }
    if (dispatch.childId !== undefined) return { kind: "success", child: { params: {} } };
    return { kind: "success", output: key.taskId === "big" ? { text: "x".repeat(20_000) } : { task: key.taskId } };
  },
};
`;

/** Nothing falls due any more: only a backfill runs them. */
const PAST_DATES: Manifest["schedule"] = {
  kind: "dates",
  dates: ["2026-01-01", "2026-01-02", "2026-01-03"].map((day) => startOfDate("UTC", day)),
  interval: "none",
  timezone: "UTC",
  start: null,
  end: null,
};

const retrying = aRetrySpec({ retries: 2, delayMs: 20, maxDelayMs: 20 });

const POOL = poolId("one-at-a-time");
const SLOT = [{ pool: POOL, slots: 1 }];

/** A diamond with a retry and a large output, which share a slot; files that arrive; a task that never ends by itself; a run that starts another. */
function manifests(home: string): readonly Manifest[] {
  const params = { schema: { type: "object" }, defaults: { journal: journalPath(home) } };
  return [
    aManifest({
      dagId: dagId("diamond"),
      maxActiveRuns: 2,
      params,
      pools: [{ pool: POOL, slots: 1 }],
      tasks: [
        aTaskSpec("extract"),
        aTaskSpec("flaky", { after: ["extract"], retry: retrying, pools: SLOT }),
        aTaskSpec("big", { after: ["extract"], pools: SLOT }),
        aTaskSpec("load", { after: ["flaky", "big"] }),
      ],
    }),
    aManifest({ dagId: dagId("past"), schedule: PAST_DATES, params, tasks: [aTaskSpec("extract")] }),
    aManifest({
      dagId: dagId("files"),
      maxActiveRuns: 2,
      params,
      triggers: [anArrivalTrigger({ triggerId: triggerId("new"), debounceMs: 50, maxWaitMs: 500 })],
      tasks: [aTaskSpec("take")],
    }),
    aManifest({
      dagId: dagId("endless"),
      maxActiveRuns: 1,
      params,
      tasks: [aTaskSpec("slow"), aTaskSpec("after", { after: ["slow"] })],
    }),
    aManifest({
      dagId: dagId("parent"),
      params,
      tasks: [
        aTaskSpec("run_child", { child: aChildSpec({ dagId: dagId("child") }) }),
        aTaskSpec("report", { after: ["run_child"] }),
      ],
    }),
    aManifest({ dagId: dagId("child"), params, tasks: [aTaskSpec("copy")] }),
  ];
}

/** The world's versions; their bundle is in the blob store. */
export async function worldVersions(home: string, blobs: BlobStore): Promise<readonly DagVersion[]> {
  const bundle = createHash("sha256").update(CODE).digest("hex");
  await blobs.put(bundleKey(bundle), new TextEncoder().encode(CODE));
  return manifests(home).map((manifest) => {
    const version = versionHash(createHash("sha256").update(canonicalJson(manifest)).digest("hex"));
    return { version, manifest, bundle };
  });
}
