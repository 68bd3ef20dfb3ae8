/** The simulation's own calendar, and the engine's: neither knows of the other. */
import { expect, test } from "vitest";
import type { CronSpec } from "../../../shared/core/manifest.ts";
import { nextFiring } from "../../../shared/core/schedule/schedule.ts";
import { instant, iso } from "../../../shared/core/time.ts";
import { randomOf, type Random } from "../../../shared/simulated/random.ts";
import { coverageOf, firingsBetween } from "./clocks.ts";
import { generateDag } from "./dags.ts";
import { placeOf } from "./zones.ts";

const DAY_MS = 86_400_000;
const SCHEDULES = 80;

function aSchedule(random: Random, timezone: string): CronSpec | undefined {
  const tempo = random.pick(["hours", "day", "days"] as const);
  const minutes = [random.pick([0, 1, 15, 30, 45, 59])];
  const { schedule } = generateDag(random, "dag1", { tempo, minutes, timezone });
  return schedule?.kind === "cron" ? schedule : undefined;
}

const text = (due: number, start: number, end: number): string =>
  [due, start, end].map((at) => iso(instant(at))).join(" ");

test(
  "agree on when schedules fire where clocks do odd things, and on what their runs cover",
  { timeout: 60_000 },
  () => {
    const random = randomOf(1, "clocks");
    let compared = 0;
    while (compared < SCHEDULES) {
      const { timezone, changeAt } = placeOf(random);
      const schedule = aSchedule(random, timezone);
      if (schedule === undefined || changeAt === null) continue;
      const [from, until] = [changeAt - 2 * DAY_MS, changeAt + 2 * DAY_MS];
      const engines: string[] = [];
      for (let next = nextFiring(schedule, instant(from)); next !== null && next.due <= until;) {
        engines.push(text(next.due, next.dataInterval.start, next.dataInterval.end));
        next = nextFiring(schedule, next.due);
      }
      const own = firingsBetween(schedule, from, until).map((due) => {
        const { start, end } = coverageOf(schedule, due);
        return text(due, start, end);
      });
      expect({ schedule, dates: engines }).toEqual({ schedule, dates: own });
      compared += 1;
    }
  },
);
