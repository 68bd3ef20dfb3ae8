import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { aDagFile, aDagProject, type DagProject } from "../../test/builders/dag-project.ts";
import { bundleKey } from "../../shared/ports/blob-store.ts";
import type { DagId } from "../../shared/core/ids.ts";
import type { DagLoader } from "../load/loader.ts";
import { engineBeside } from "./beside.ts";
import { findProject } from "./paths.ts";
import { createRegistrar, sameAsWritten, type Registration, type Registrar } from "./register-dags.ts";
import { openStores, type Stores } from "./stores.ts";

let project: DagProject;
let stores: Stores;
let loader: DagLoader;
let registrar: Registrar;
beforeEach(async () => {
  project = await aDagProject();
  stores = openStores(findProject(project.root, {}).home);
  loader = project.loader();
  registrar = createRegistrar({ engine: engineBeside(stores), root: project.root, cwd: project.root });
});
afterEach(async () => {
  await stores.close();
  await project.close();
});

const changes = ({ registered }: Registration): readonly string[] =>
  registered.map(({ dagId, change }) => `${dagId} ${change}`).toSorted();

const take = async (): Promise<readonly string[]> => changes(await registrar.takeAll(await loader.load()));

const removed = async (id: string): Promise<boolean | undefined> =>
  (await stores.dags.load(id as DagId))?.value.removed;

test("DAGs are registered with the code that their tasks run", async () => {
  project.write("dags/a.dag.ts", aDagFile("a"));

  expect(await take()).toEqual(["a new"]);

  const version = await stores.dags.loadVersion((await stores.dags.load("a" as DagId))!.value.version);
  expect(await stores.blobs.get(bundleKey(version!.bundle))).toBeDefined();
});

test("what has not changed is not registered again", async () => {
  project.write("dags/a.dag.ts", aDagFile("a"));
  project.write("dags/b.dag.ts", aDagFile("b"));
  await take();
  project.write("dags/b.dag.ts", aDagFile("b", { returns: "2" }));

  expect(await take()).toEqual(["a unchanged", "b changed"]);
});

test("a DAG whose file is gone starts nothing any more", async () => {
  project.write("dags/a.dag.ts", aDagFile("a"));
  project.write("dags/b.dag.ts", aDagFile("b"));
  await take();
  project.remove("dags/b.dag.ts");

  expect([await take(), await removed("b")]).toEqual([["a unchanged", "b removed"], true]);
});

test("a DAG whose file is broken keeps its last good version, while one whose file is gone goes", async () => {
  for (const id of ["a", "b", "c"]) project.write(`dags/${id}.dag.ts`, aDagFile(id));
  await take();
  project.write("dags/b.dag.ts", "this is no TypeScript");
  project.remove("dags/c.dag.ts");

  expect([await take(), await removed("b")]).toEqual([["a unchanged", "c removed"], false]);
});

test("after a restart a broken file may have any DAG in it: none is taken for gone", async () => {
  for (const id of ["a", "b"]) project.write(`dags/${id}.dag.ts`, aDagFile(id));
  await take();
  project.write("dags/b.dag.ts", "this is no TypeScript");
  registrar = createRegistrar({ engine: engineBeside(stores), root: project.root, cwd: project.root });

  expect([await take(), await removed("b")]).toEqual([["a unchanged"], false]);
});

test("a shortened window is another version, which says the same but for the window", async () => {
  project.write(
    "dags/a.dag.ts",
    aDagFile("a")
      .replace('dag("a", {', 'dag("a", { triggers: [arrival("files", { bucket: "inbox", debounce: "60s" })],')
      .replace("{ dag,", "{ arrival, dag,"),
  );
  const loaded = await loader.load();
  const short = createRegistrar({
    engine: engineBeside(stores),
    root: project.root,
    cwd: join(project.root),
    windowMs: 2_000,
  });

  await short.takeAll(loaded);

  const { manifest } = (await stores.dags.loadVersion((await stores.dags.load("a" as DagId))!.value.version))!;
  const written = loaded.dags[0]!.manifest;
  expect([manifest.triggers[0]?.debounceMs, sameAsWritten(manifest, written)]).toEqual([2_000, true]);
});

test("without schedules a DAG is registered as another version, which nothing starts by the clock", async () => {
  const daily = aDagFile("a")
    .replace('dag("a", {', 'dag("a", { schedule: every.day(),')
    .replace("{ dag,", "{ every, dag,");
  project.write("dags/a.dag.ts", daily);
  const loaded = await loader.load();
  const registrarOf = (schedules: boolean) =>
    createRegistrar({ engine: engineBeside(stores), root: project.root, cwd: project.root, schedules });
  const registered = async () =>
    (await stores.dags.loadVersion((await stores.dags.load("a" as DagId))!.value.version))!.manifest;
  const nextFire = async () => (await stores.dags.load("a" as DagId))!.value.nextFire;

  await registrarOf(false).takeAll(loaded);
  expect(await nextFire()).toBeNull();
  expect(sameAsWritten(await registered(), loaded.dags[0]!.manifest)).toBe(true);

  await registrarOf(true).takeAll(loaded);
  expect(await nextFire()).not.toBeNull();
});

test("where there is less past, a DAG is registered as another version, which knows how far back there is data", async () => {
  project.write("dags/a.dag.ts", aDagFile("a"));
  const loaded = await loader.load();
  const options = { engine: engineBeside(stores), root: project.root, cwd: project.root };

  await createRegistrar({ ...options, dataWindowMs: 604_800_000 }).takeAll(loaded);

  const { manifest } = (await stores.dags.loadVersion((await stores.dags.load("a" as DagId))!.value.version))!;
  expect([manifest.dataWindowMs, sameAsWritten(manifest, loaded.dags[0]!.manifest)]).toEqual([604_800_000, true]);
});
