import { expect, test } from "vitest";
import { instant } from "../core/time.ts";
import { CONTENTION_RETRIES_MAX, contention } from "./engine.ts";
import { patiently } from "./patiently.ts";

/** An act that is contended so many times first, in a world whose dice show the highest numbers. */
function contended(times: number) {
  const waits: number[] = [];
  let left = times;
  const engine = {
    clock: { now: () => instant(0), sleep: async (ms: number) => void waits.push(ms) },
    ids: { random: () => 0.999 } as Parameters<typeof patiently>[0]["ids"],
  };
  const act = async (): Promise<string> => {
    if (left-- > 0) throw contention("run 'orders.run-1'");
    return "done";
  };
  return { waits, result: patiently(engine, act) };
}

test("what is contended is done again, after waits that grow to two seconds", async () => {
  const { result, waits } = contended(CONTENTION_RETRIES_MAX);

  expect(await result).toBe("done");
  expect(waits).toEqual([16, 32, 63, 125, 250, 500, 999, 1998]);
});

test("what stays contended is told in the end", async () => {
  await expect(contended(CONTENTION_RETRIES_MAX + 1).result).rejects.toThrow("run 'orders.run-1' kept changing");
});

test("any other failure is told at once", async () => {
  const engine = { clock: { now: () => instant(0), sleep: () => Promise.reject(new Error("waited")) }, ids: {} };
  const act = (): Promise<never> => Promise.reject(new RangeError("broken"));

  await expect(patiently(engine as unknown as Parameters<typeof patiently>[0], act)).rejects.toThrow("broken");
});
