import { describe, test } from "vitest";
import { dag, task } from "./index.ts";

const load = task("load", { run: () => {} });

describe("a deadline", () => {
  test("is so long after something, or a time of day", () => {
    dag("a", { deadlines: [{ within: "2h" }, { from: "logicalDate", within: "30h" }], tasks: [load] });
    dag("b", { deadlines: [{ name: "report", by: "07:00", timezone: "Europe/London" }], tasks: [load] });
  });

  test("is not both, and not neither", () => {
    // @ts-expect-error -- two times
    dag("a", { deadlines: [{ within: "2h", by: "07:00" }], tasks: [load] });
    // @ts-expect-error -- none
    dag("b", { deadlines: [{ name: "report" }], tasks: [load] });
  });

  test("counts from what runs have, in a unit", () => {
    // @ts-expect-error -- unknown
    dag("a", { deadlines: [{ from: "start", within: "2h" }], tasks: [load] });
    // @ts-expect-error -- no unit
    dag("b", { deadlines: [{ within: 7_200 }], tasks: [load] });
    // @ts-expect-error -- no time of day
    dag("c", { deadlines: [{ by: "7am" }], tasks: [load] });
  });
});
