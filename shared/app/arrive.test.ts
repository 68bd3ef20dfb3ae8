import { afterEach, beforeEach, expect, test } from "vitest";
import { aManifest, anArrivalTrigger } from "../../test/builders/index.ts";
import { aSteeredHome, type SteeredHome } from "../../test/builders/steered-home.ts";
import { dagId } from "../core/ids.ts";
import { iso } from "../core/time.ts";
import { arrive } from "./arrive.ts";

const trigger = anArrivalTrigger({ debounceMs: 60_000 });

let home: SteeredHome;
beforeEach(async () => {
  home = await aSteeredHome();
  for (const name of ["alpha", "beta"]) await home.deploy(aManifest({ dagId: dagId(name), triggers: [trigger] }));
});
afterEach(async () => {
  await home.close();
});

test("a DAG that is contended keeps no other from hearing of an arrival", async () => {
  const { engine } = home;
  const dags: typeof engine.dags = {
    ...engine.dags,
    commit: (read, next, ...rest) =>
      next.dagId === "alpha" ? Promise.resolve("stale") : engine.dags.commit(read, next, ...rest),
  };
  const { bucket, prefix, suffix } = trigger;
  const object = { bucket, key: `${prefix}a${suffix}`, version: "1", size: 1, etag: "1", arrivedAt: iso(home.now()) };

  await expect(arrive({ ...engine, dags }, [object])).rejects.toThrow(expect.objectContaining({ code: "CONTENTION" }));

  const windows = (await engine.dags.list()).map(({ dagId: id, windows: [window] }) => [id, window?.open !== null]);
  expect(windows.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))).toEqual([
    ["alpha", false],
    ["beta", true],
  ]);
});
