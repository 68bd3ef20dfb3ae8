import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeFolder } from "./make-folder.ts";

let place: string;
beforeEach(() => void (place = mkdtempSync(join(tmpdir(), "freshet-folders-"))));
afterEach(() => rmSync(place, { recursive: true }));

test("makes a folder and what is missing above it", () => {
  makeFolder(join(place, "a/b/c"));

  expect(statSync(join(place, "a/b/c")).isDirectory()).toBe(true);
});

test("leaves a folder that is there as it is", () => {
  writeFileSync(join(place, "kept"), "");

  makeFolder(place);

  expect(statSync(join(place, "kept")).isFile()).toBe(true);
});

test("where a file is in the way, says what the file system says", () => {
  writeFileSync(join(place, "file"), "");
  symlinkSync("nowhere", join(place, "link"));

  expect(() => makeFolder(join(place, "file"))).toThrow(/EEXIST/);
  expect(() => makeFolder(join(place, "file/below"))).toThrow(/ENOTDIR/);
  expect(() => makeFolder(join(place, "link"))).toThrow(/EEXIST/);
});

test.skipIf(process.platform !== "linux")("comes back where nothing can be made, such as below /proc", () => {
  expect(() => makeFolder("/proc/freshet/home")).toThrow(/ENOENT/);
});
