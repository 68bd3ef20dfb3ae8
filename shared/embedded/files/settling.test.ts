import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NOON } from "../../../test/builders/index.ts";
import { createSettling, STABLE_EMPTY_MS, STABLE_MOVED_MS, STABLE_MS, type FileStamp } from "./settling.ts";

beforeEach(() => void vi.useFakeTimers({ now: NOON }));
afterEach(() => void vi.useRealTimers());

/** Files by path, and the paths that were settled, each with the milliseconds since NOON. */
function aFolder() {
  const files = new Map<string, FileStamp>();
  const settled: string[] = [];
  const settling = createSettling({
    look: (path) => files.get(path),
    now: () => Date.now(),
    onSettled: (path) => settled.push(`${path} ${Date.now() - NOON}`),
  });
  return { files, settled, settling };
}

/** A file whose content was written, and whose name was given, so many milliseconds after NOON. */
function aStamp(file: { writtenMs?: number; movedMs?: number; size?: number; ino?: number } = {}): FileStamp {
  const { writtenMs = 0, movedMs = writtenMs, size = 10, ino = 1 } = file;
  const ns = (ms: number): bigint => BigInt(NOON + ms) * 1_000_000n;
  return { ino: BigInt(ino), size: BigInt(size), mtimeNs: ns(writtenMs), ctimeNs: ns(movedMs) };
}

describe("a file", () => {
  test("that was written is complete once it has stayed the same for a while", async () => {
    const { files, settled, settling } = aFolder();
    files.set("a", aStamp());
    settling.noticed("a");

    await vi.advanceTimersByTimeAsync(STABLE_MS - 1);
    const before = settled.length;
    await vi.advanceTimersByTimeAsync(1);

    expect([before, settled]).toEqual([0, [`a ${STABLE_MS}`]]);
  });

  test("that is still being written is not complete", async () => {
    const { files, settled, settling } = aFolder();
    settling.noticed("a");
    for (let ms = 0; ms <= 2_000; ms += 200) {
      files.set("a", aStamp({ writtenMs: ms, size: ms + 1 }));
      settling.noticed("a");
      await vi.advanceTimersByTimeAsync(200);
    }

    await vi.advanceTimersByTimeAsync(5_000);

    expect(settled).toEqual([`a ${2_000 + STABLE_MS}`]);
  });

  test("that was moved into place is complete almost at once", async () => {
    const { files, settled, settling } = aFolder();
    files.set("a", aStamp({ writtenMs: -2, movedMs: 0 }));
    settling.noticed("a");

    await vi.advanceTimersByTimeAsync(STABLE_MS);

    expect(settled).toEqual([`a ${STABLE_MOVED_MS}`]);
  });

  test("that is empty is waited for longer", async () => {
    const { files, settled, settling } = aFolder();
    files.set("a", aStamp({ size: 0 }));
    settling.noticed("a");

    await vi.advanceTimersByTimeAsync(5_000);

    expect(settled).toEqual([`a ${STABLE_EMPTY_MS}`]);
  });

  test("that has lain there is complete at once", async () => {
    const { files, settled, settling } = aFolder();
    files.set("a", aStamp({ writtenMs: -60_000 }));
    settling.noticed("a");

    await vi.advanceTimersByTimeAsync(1);

    expect(settled).toEqual(["a 0"]);
  });

  test("that says it was written tomorrow is complete after a while all the same", async () => {
    const { files, settled, settling } = aFolder();
    files.set("a", aStamp({ writtenMs: 86_400_000 }));
    settling.noticed("a");

    await vi.advanceTimersByTimeAsync(1_000);

    expect(settled).toEqual([`a ${STABLE_MS}`]);
  });

  test("that is gone before it was complete is nothing", async () => {
    const { files, settled, settling } = aFolder();
    files.set("a", aStamp());
    settling.noticed("a");

    files.delete("a");
    await vi.advanceTimersByTimeAsync(5_000);

    expect([settled, settling.size()]).toEqual([[], 0]);
  });
});

describe("a version of a file", () => {
  test("is settled once, however often the file is noticed and its rights change", async () => {
    const { files, settled, settling } = aFolder();
    files.set("a", aStamp());
    settling.noticed("a");
    await vi.advanceTimersByTimeAsync(1_000);

    files.set("a", aStamp({ movedMs: 1_000 }));
    settling.noticed("a");
    await vi.advanceTimersByTimeAsync(5_000);

    expect(settled).toHaveLength(1);
  });

  test.each([
    ["written again", { writtenMs: 2_000 }],
    ["replaced by another file of the same time and size", { ino: 2, movedMs: 2_000 }],
  ])("is a new one once the file is %s", async (_how, change) => {
    const { files, settled, settling } = aFolder();
    files.set("a", aStamp());
    settling.noticed("a");
    await vi.advanceTimersByTimeAsync(2_000);

    files.set("a", aStamp(change));
    settling.noticed("a");
    await vi.advanceTimersByTimeAsync(5_000);

    expect(settled).toHaveLength(2);
  });

  test("is settled again when it was forgotten, or was gone for a while", async () => {
    const { files, settled, settling } = aFolder();
    files.set("a", aStamp());
    for (const change of [() => undefined, () => settling.forget("a"), () => settling.gone("a")]) {
      change();
      settling.noticed("a");
      await vi.advanceTimersByTimeAsync(1_000);
    }

    expect(settled).toHaveLength(3);
  });
});

test("thousands of files at once are all settled", async () => {
  const { files, settled, settling } = aFolder();
  for (let n = 0; n < 3_000; n++) {
    files.set(`f${n}`, aStamp());
    settling.noticed(`f${n}`);
  }

  await vi.advanceTimersByTimeAsync(STABLE_MS + 100);

  expect(settled).toHaveLength(3_000);
});
