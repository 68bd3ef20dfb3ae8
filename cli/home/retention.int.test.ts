import { existsSync, mkdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { aFolder, aRun, aTaskTable, DAY_MS } from "../../test/builders/index.ts";
import type { CommitId, RunId } from "../../shared/core/ids.ts";
import { plus } from "../../shared/core/time.ts";
import { createClock } from "../../shared/embedded/clock.ts";
import { RUNS_KEPT_MIN, type Forgotten } from "../../shared/embedded/retention.ts";
import { KEEP_MS_DEFAULT, startRetention } from "./retention.ts";
import { openStores } from "./stores.ts";

test("a home forgets the run that ended long ago, and its log, and tells how many", async () => {
  const folder = await aFolder();
  const path = join(folder.path, "home");
  const logs = join(path, "logs");
  const stores = openStores({ path, stateFile: join(path, "state.db"), buckets: join(path, "buckets"), logs });
  const clock = createClock();
  const longAgo = plus(clock.now(), -KEEP_MS_DEFAULT - DAY_MS);
  for (let index = 0; index <= RUNS_KEPT_MIN; index++) {
    const at = plus(longAgo, index);
    const ended = { state: "success", queuedAt: at, endedAt: at, tasks: aTaskTable(["success"]) } as const;
    await stores.runs.create(aRun({ runId: `orders.run-${index}` as RunId, ...ended }), "c1" as CommitId);
    mkdirSync(join(logs, `orders.run-${index}`), { recursive: true });
    utimesSync(join(logs, `orders.run-${index}`), at / 1000, at / 1000);
  }

  const forgotten = await new Promise<Forgotten>((onForgotten, onFault) => {
    const stop = startRetention({
      stores,
      clock,
      keepMs: KEEP_MS_DEFAULT,
      firstAfterMs: 0,
      onFault,
      onForgotten: (told) => void stop().then(() => onForgotten(told)),
    });
  });

  expect([forgotten, existsSync(join(logs, "orders.run-0")), existsSync(join(logs, "orders.run-1"))]).toEqual([
    { runs: 1, arrivals: 0, folders: 1 },
    false,
    true,
  ]);
  await stores.close();
  await folder.remove();
});
