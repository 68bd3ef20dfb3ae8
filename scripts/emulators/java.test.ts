import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findJava } from "./java.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "freshet-java-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A folder with a `java` that says it is of this version, and exits. */
async function aJava(name: string, version: string): Promise<string> {
  await mkdir(join(folder, name, "bin"), { recursive: true });
  const script = `#!/bin/sh\necho 'openjdk version "${version}" 2025-01-21' >&2\n`;
  await writeFile(join(folder, name, "bin", "java"), script, { mode: 0o755 });
  return join(folder, name);
}

const find = (env: NodeJS.ProcessEnv) => findJava(env, join(folder, "runtimes"));

test("the Java of JAVA_HOME comes first", async () => {
  const [home, other] = [await aJava("home", "21.0.4"), await aJava("other", "17.0.15")];

  expect(await find({ JAVA_HOME: home, PATH: join(other, "bin") })).toEqual({ java: join(home, "bin", "java") });
});

test("one that is too old is passed over for the one on PATH", async () => {
  const [home, other] = [await aJava("home", "11.0.2"), await aJava("other", "17.0.15")];

  expect(await find({ JAVA_HOME: home, PATH: join(other, "bin") })).toEqual({ java: "java" });
});

test("the form of Java 8's version, 1.8, is not taken for a new one", async () => {
  const home = await aJava("home", "1.8.0_402");

  expect(await find({ JAVA_HOME: home, PATH: "" })).toHaveProperty("missing");
});

test("where there is none and none can be fetched, it says what it looked for and what to do", async () => {
  const home = await aJava("home", "11.0.2");

  expect(await find({ JAVA_HOME: home, PATH: folder })).toEqual({
    missing: expect.stringMatching(
      /^no Java 17 or newer \(.*version 11; java: not found; fetched with pip:.*JAVA_HOME$/,
    ) as string,
  });
});
