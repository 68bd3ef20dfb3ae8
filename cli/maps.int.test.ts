import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { REPOSITORY, aCommandLine, type CommandLine, type Said } from "../test/builders/command-line.ts";

interface Row {
  readonly taskId: string;
  readonly mapIndex: number | null;
  readonly state: string;
  readonly attempt: number;
}

let folder: string;
let line: CommandLine;
beforeAll(() => void mkdirSync(join(REPOSITORY, "tmp"), { recursive: true }));
beforeEach(async () => {
  folder = mkdtempSync(join(REPOSITORY, "tmp/maps-"));
  line = await aCommandLine(folder);
});
afterEach(async () => {
  await line.close();
  rmSync(folder, { recursive: true, force: true });
});

/** `load` over so many items; what it does with each is given, `broken` being a file whose being there breaks item 17. */
const write = (length: number, load: string, options = ""): void =>
  writeFileSync(
    join(folder, "shards.dag.ts"),
    `import { existsSync } from "node:fs";
import { dag, map, permanent, task } from "freshet";
const broken = (): boolean => existsSync(${JSON.stringify(join(folder, "broken"))});
const shards = task("shards", { run: () => Array.from({ length: ${length} }, (_, index) => index) });
const load = map("load", { over: shards, ${options} run: async ({ item, signal }) => { void [item, signal, broken, permanent]; ${load} } });
const sum = task("sum", { inputs: { load }, run: ({ inputs }) => inputs.load.length });
export default dag("shards", { tasks: [sum] });
`,
  );
const breakIt = (): void => writeFileSync(join(folder, "broken"), "");
const mendIt = (): void => rmSync(join(folder, "broken"), { force: true });

const FAILS_AT_17 = `if (item === 17 && broken()) permanent("shard 17 is locked"); return item;`;

const json = <T>({ out }: Said): T => JSON.parse(out) as T;

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 40_000; !(await holds()); await new Promise((look) => setTimeout(look, 50)))
    if (Date.now() > end) throw new Error(`not in time: ${what}\n${(await line.freshet("why", "latest")).out}`);
}
const untilRun = (state: string): Promise<void> =>
  until(`a run that is ${state}`, async () => {
    const [run] = json<readonly { readonly state: string }[]>(await line.freshet("runs", "--json", "--limit", "1"));
    return run?.state === state;
  });

/** The instances of `load`, in their order. */
const instances = async (): Promise<readonly Row[]> =>
  json<readonly Row[]>(await line.freshet("tasks", "latest", "load", "--json")).filter(
    ({ mapIndex }) => mapIndex !== null,
  );
const untilInstance = (mapIndex: number, state: string): Promise<void> =>
  until(`load[${mapIndex}] is ${state}`, async () => (await instances())[mapIndex]?.state === state);
/** Those that did not run exactly once: `17 success 2`. */
const notOnce = async (): Promise<readonly string[]> =>
  (await instances())
    .filter(({ state, attempt }) => state !== "success" || attempt !== 1)
    .map(({ mapIndex, state, attempt }) => `${mapIndex} ${state} ${attempt}`);

async function startDev(): Promise<void> {
  const dev = line.start(["dev", "--dags", folder]);
  await dev.says("shards");
  expect((await line.freshet("trigger", "shards")).exit).toBe(0);
}

/** `load[17] failed -> none`, for each task that a command changed, or would. */
const changes = (said: Said): readonly string[] => {
  type Change = Pick<Row, "taskId" | "mapIndex" | "attempt"> & { readonly from: string; readonly to: string };
  const { tasks } = json<{ readonly tasks: readonly Change[] }>(said);
  return tasks.map(({ taskId, mapIndex, from, to, attempt }) => {
    const name = mapIndex === null ? taskId : `${taskId}[${mapIndex}]`;
    return `${name} ${from} -> ${to}${attempt === 0 ? "" : ` #${attempt}`}`;
  });
};

/** In the run's own record, and in chunks. */
describe.each([20, 600])("a map of %i, beside a running dev", (length) => {
  test("one failed shard is cleared without touching the others, and so it was told", async () => {
    write(length, FAILS_AT_17);
    breakIt();
    await startDev();
    await untilRun("failed");
    const failed = ["load failed -> deferred", "sum upstream_failed -> none", "load[17] failed -> none #1"];

    expect(changes(await line.freshet("clear", "latest", "--failed", "--dry-run", "--json"))).toEqual(failed);
    expect(changes(await line.freshet("clear", "latest", "load[17]", "--dry-run", "--json"))).toEqual(failed);
    expect(await notOnce()).toEqual(["17 failed 1"]);

    mendIt();
    expect(changes(await line.freshet("clear", "latest", "load[17]", "--json"))).toEqual(failed);
    await untilRun("success");
    expect(await notOnce()).toEqual(["17 success 2"]);

    type Act = { readonly action: string; readonly before: { readonly tasks: Readonly<Record<string, string>> } };
    const [act] = json<readonly Act[]>(await line.freshet("audit", "latest", "--json"));
    expect(act?.action).toBe("clear load[17]");
    expect(act?.before.tasks).toEqual({ load: "failed", sum: "upstream_failed", "load[17]": "failed" });
    expect((await line.freshet("audit", "latest")).out).toMatch(/clear load\[17\] +2 +failed -> queued/);
  });

  test("the run and the task name the instance to look at, and that one what to type next", async () => {
    write(length, FAILS_AT_17);
    breakIt();
    await startDev();
    await untilRun("failed");

    expect((await line.freshet("why", "latest")).out).toMatch(/freshet why shards\S+ 'load\[17\]'/);
    expect((await line.freshet("why", "latest", "load")).out).toMatch(/freshet why shards\S+ 'load\[17\]'/);
    const { out } = await line.freshet("why", "latest", "load[17]");
    expect(out).toContain("shard 17 is locked");
    expect(out).toMatch(/freshet clear shards\S+ 'load\[17\]' +run it again, and no other instance/);
  });

  test("what takes the results is tried alone with all of them, and one shard's log can be followed", async () => {
    write(length, `console.log("shard", item); return item;`);
    expect((await line.withFixtures("run", "shards")).exit).toBe(0);

    const { exit, out } = await line.withFixtures("run", "shards", "--task", "sum", "--from-run", "latest");
    const followed = await line.freshet("logs", "latest", "load[17]", "--follow");

    expect([exit, out]).toEqual([0, expect.stringMatching(new RegExp(`^task sum success in \\S+\n${length}\n`))]);
    expect([followed.exit, followed.out]).toEqual([0, expect.stringMatching(/ shard 17\n$/)]);
  });

  test("one failed shard is marked as done, and the run goes on", async () => {
    write(length, FAILS_AT_17);
    breakIt();
    await startDev();
    await untilRun("failed");

    const said = await line.freshet("mark", "success", "latest", "load[17]", "--json");
    expect(changes(said)).toContain("load[17] failed -> success #1");
    await untilRun("success");
    expect(await notOnce()).toEqual([]);
  });

  test("one shard that waits for its next try is tried at once, and then counts its tries anew once it is cleared", async () => {
    const fails = `if (item === 17 && broken()) throw new Error("busy"); return item;`;
    write(length, fails, `retry: { retries: 2, delay: "1h" },`);
    breakIt();
    await startDev();
    await untilInstance(17, "up_for_retry");

    expect(changes(await line.freshet("retry", "latest", "load[17]", "--json"))).toEqual([
      "load[17] up_for_retry -> queued #1",
    ]);
    await until("its second try", async () => (await notOnce()).join() === "17 up_for_retry 2");
    expect((await line.freshet("why", "latest", "load[17]")).out).toContain("(attempt 2 of 3)");

    await line.freshet("clear", "latest", "load[17]");
    await until("its third attempt", async () => (await notOnce()).join() === "17 up_for_retry 3");
    expect((await line.freshet("why", "latest", "load[17]")).out).toContain("(attempt 3, try 1 of 3)");

    mendIt();
    expect(changes(await line.freshet("retry", "latest", "--json"))).toEqual(["load[17] up_for_retry -> queued #3"]);
    await untilRun("success");
    expect(await notOnce()).toEqual(["17 success 4"]);
    expect((await line.freshet("retry", "latest", "load[17]")).err).toContain("error[RUN_ENDED]");
  });

  test("one shard that hangs is ended by hand, and the run with the others", async () => {
    const hangs = `if (item === 17) await new Promise((end) => signal.addEventListener("abort", end, { once: true }));`;
    write(length, `${hangs} return item;`, `tolerance: { count: 1 },`);
    await startDev();
    await untilInstance(17, "running");
    await until("all others", async () => (await notOnce()).length === 1);

    const wrong = await line.freshet("cancel", "latest", "load[17]");
    expect(wrong.err).toContain("`freshet mark failed latest 'load[17]'` ends one task of it");
    const said = await line.freshet("mark", "failed", "latest", "load[17]", "--json");
    expect(changes(said)).toEqual([expect.stringMatching(/^load\[17\] (queued|running) -> failed #1$/)]);

    await untilRun("success");
    expect(await notOnce()).toEqual(["17 failed 1"]);
  });
});

describe("what cannot be mapped over", () => {
  const source = (...lines: readonly string[]): void =>
    writeFileSync(
      join(folder, "shards.dag.ts"),
      [`import { dag, map, task, type Task } from "freshet";`, ...lines, ""].join("\n"),
    );
  const why = async (): Promise<string> => {
    await line.withFixtures("run", "shards");
    return (await line.freshet("why", "latest")).out;
  };

  test("a list beyond the limit says how many items it has, and what to raise", async () => {
    write(12, "return item;", "limit: 10,");

    expect(await why()).toContain(
      "the list of 'shards' has 12 items; the limit of the map is 10: raise `limit`, or give fewer and larger items",
    );
  });

  test("something else than a list says what was given, and what to give", async () => {
    source(
      `const settings = task("settings", { run: () => ({ table: "orders" }) }) as unknown as Task<"settings", string[]>;`,
      `export default dag("shards", { tasks: [map("load", { over: settings, run: ({ item }) => item })] });`,
    );

    expect(await why()).toContain(
      "cannot be mapped over 'settings': expected a list, it gave an object: let it return an array",
    );
  });

  test("the results of a map are refused with the way out, which works", async () => {
    const shards = [
      `const shards = task("shards", { run: () => [1, 2, 3] });`,
      `const load = map("load", { over: shards, run: ({ item }) => (item === 2 ? null : item) });`,
    ];
    source(
      ...shards,
      `export default dag("shards", { tasks: [map("again", { over: load as never, run: ({ item }) => item })] });`,
    );
    const refused = await line.withFixtures("validate");
    expect(refused.exit).toBe(1);
    expect(refused.out + refused.err).toContain("over is the task 'load', which is mapped itself");
    expect(refused.out + refused.err).toContain("put a task between them that takes its results and returns a list");

    source(
      ...shards,
      `const loaded = task("loaded", { inputs: { load }, run: ({ inputs }) => inputs.load });`,
      `export default dag("shards", { tasks: [map("again", { over: loaded, run: ({ item }) => item })] });`,
    );
    expect((await line.withFixtures("run", "shards")).exit).toBe(0);
    const rows = json<readonly Row[]>(await line.freshet("tasks", "latest", "again", "--json"));
    expect(rows.filter(({ mapIndex }) => mapIndex !== null).map(({ state }) => state)).toEqual(["success", "success"]);
  });
});
