import { expect, test } from "vitest";
import { aPool, aPoolId, aPoolRun, wanted } from "../../test/builders/index.ts";
import { toRun } from "./addressed.ts";
import type { Engine } from "./engine.ts";
import { inTurn, type PoolTelling } from "./turns.ts";

const anEngine = (): Engine => ({}) as Engine;
const tell = (name: string): PoolTelling => ({ events: [wanted(name)] });
const answerTo = (name: string) => toRun(aPoolRun(name), { type: "wake" });

test("what comes while a decision is being made is decided together, next", async () => {
  const decided: number[] = [];
  const decide = async ({ events }: PoolTelling) => {
    decided.push(events.length);
    await Promise.resolve();
    return { record: aPool(), answers: [] };
  };
  const engine = anEngine();

  await Promise.all(["a", "b", "c"].map((name) => inTurn(engine, aPoolId(), tell(name), decide)));

  expect(decided).toEqual([1, 2]);
});

test("each hears what is for the run that it told of, and one of them the rest", async () => {
  const decide = async () => ({ record: aPool(), answers: ["c", "b", "elsewhere"].map(answerTo) });
  const engine = anEngine();

  const [, b, c] = await Promise.all(["a", "b", "c"].map((name) => inTurn(engine, aPoolId(), tell(name), decide)));

  expect([b?.answers, c?.answers]).toEqual([[answerTo("b"), answerTo("elsewhere")], [answerTo("c")]]);
});

test("a decision that fails fails for those it was made for, and the next one is made", async () => {
  let calls = 0;
  const decide = async () => {
    calls += 1;
    await Promise.resolve();
    if (calls === 1) throw new Error("contended");
    return { record: aPool(), answers: [] };
  };
  const engine = anEngine();

  const ends = await Promise.allSettled(["a", "b"].map((name) => inTurn(engine, aPoolId(), tell(name), decide)));

  expect(ends.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
});
