import { describe, expect, test } from "vitest";
import { DAY_MS, aSchedule, aVersionHash } from "../../../test/builders/index.ts";
import type { DagRecord } from "../dag/record.ts";
import type { Manifest, ScheduleSpec } from "../manifest.ts";
import { beginning, coveredUntil, isSame, resumeSchedule } from "../dag/schedule-edit.ts";
import { instant, iso, parseInstant, type Instant } from "../time.ts";

const at = (text: string): Instant => parseInstant(`2026-03-${text}:00Z`) ?? instant(NaN);
const shown = (when: Instant | null | undefined): string | null => (when ? iso(when).slice(8, 16) : null);

/** Each day at 04:00 for the day before. */
const DAILY = aSchedule();
const HOURLY = aSchedule({ expression: "0 * * * *", interval: "hour" });
const AT_SIX = aSchedule({ expression: "0 6 * * *", interval: "cron" });
const EACH_HOUR = aSchedule({ expression: "0 * * * *", interval: "none" });
const EACH_FIVE = aSchedule({ expression: "0 5 * * *", interval: "none" });
const OVER = aSchedule({ expression: "0 6 * * *", end: at("01T00:00") });
const CATCHUP = { windowMs: 365 * DAY_MS };

interface Case {
  readonly before: ScheduleSpec | null;
  readonly after: ScheduleSpec | null;
  readonly cursor?: Instant | null;
  readonly nextFire?: Instant | null;
  readonly first?: NonNullable<DagRecord["first"]>;
  readonly covered?: Instant;
  readonly catchup?: Manifest["catchup"];
  readonly now: Instant;
}

/** `next fire; where its run begins, if that is not as the schedule says; what is left out`. */
function resumed({ before, after, cursor = null, nextFire = null, catchup = null, now, ...more }: Case): string {
  const standing = { version: aVersionHash(), cursor, nextFire, ...more };
  const { nextFire: next, first, gap } = resumeSchedule(before, { schedule: after, catchup }, standing, now);
  const left = gap && `${shown(gap.from)} to ${shown(gap.to)}${gap.start ? ` from ${shown(gap.start)}` : ""}`;
  const begins = first && `${shown(first.due)} from ${shown(first.start)}`;
  return `${shown(next) ?? "never"}; ${begins ?? "as it says"}; ${left ?? "nothing"}`;
}

describe("a schedule that stays", () => {
  const same = { before: DAILY, after: aSchedule(), now: at("10T10:00") };

  test("goes on where it was, with what is late and what an edit before this one left", () => {
    const first = { due: at("04T04:00"), start: at("02T12:00") };

    expect(resumed({ ...same, cursor: at("03T04:00"), nextFire: at("04T04:00"), first })).toBe(
      "04T04:00; 04T04:00 from 02T12:00; nothing",
    );
  });

  test("that had no next firing goes on after what it did last, or from now on", () => {
    expect(resumed({ ...same, cursor: at("07T04:00") })).toBe("08T04:00; as it says; nothing");
    expect(resumed(same)).toBe("11T04:00; as it says; nothing");
    expect(resumed({ ...same, before: OVER, after: OVER })).toBe("never; as it says; nothing");
  });

  test("is told from another one, and from none", () => {
    expect([isSame(DAILY, aSchedule()), isSame(DAILY, HOURLY)]).toEqual([true, false]);
    expect([isSame(null, null), isSame(undefined, DAILY), isSame(DAILY, null)]).toEqual([false, false, false]);
  });
});

describe("a schedule that goes", () => {
  const gone = { before: DAILY, after: null, now: at("10T10:00") };

  test("leaves out what is late, and has no next firing", () => {
    expect(resumed({ ...gone, nextFire: at("08T04:00") })).toBe("never; as it says; 08T04:00 to 10T04:00");
    expect(resumed({ ...gone, nextFire: at("10T10:00"), before: EACH_HOUR })).toBe(
      "never; as it says; 10T10:00 to 10T10:00",
    );
    expect(resumed({ ...gone, nextFire: at("11T04:00") })).toBe("never; as it says; nothing");
  });

  test("tells where the first run that is left out would have begun, if that is not where its interval does", () => {
    const first = { due: at("08T04:00"), start: at("06T12:00") };

    expect(resumed({ ...gone, nextFire: at("08T04:00"), first })).toBe(
      "never; as it says; 08T04:00 to 10T04:00 from 06T12:00",
    );
    expect(resumed({ ...gone, nextFire: at("09T04:00"), first })).toBe("never; as it says; 09T04:00 to 10T04:00");
  });

  test("leaves nothing out at a time at which it does not fire", () => {
    expect(resumed({ ...gone, nextFire: at("10T05:00") })).toBe("never; as it says; nothing");
  });
});

describe("a schedule of dates that cover nothing", () => {
  const now = at("04T07:10");

  test("counts from now on, and so does the one that takes its place", () => {
    const standing = { cursor: at("04T04:00"), nextFire: at("05T04:00"), now };
    expect(resumed({ before: DAILY, after: EACH_HOUR, ...standing })).toBe("04T08:00; as it says; nothing");

    const hours = { cursor: at("04T07:00"), nextFire: at("04T08:00"), now };
    expect(resumed({ before: EACH_HOUR, after: DAILY, ...hours })).toBe("05T04:00; as it says; nothing");
  });

  test("fires for what is due now if the old one did too, and leaves out what came after", () => {
    const late = { cursor: at("04T03:00"), nextFire: at("04T04:00") };

    expect(resumed({ before: EACH_HOUR, after: DAILY, ...late, now })).toBe(
      "04T04:00; as it says; 04T05:00 to 04T07:00",
    );
    expect(resumed({ before: EACH_HOUR, after: DAILY, ...late, now: at("04T04:00") })).toBe(
      "04T04:00; as it says; nothing",
    );
  });

  test("leaves out all that is late where the new one does not fire then, or never again", () => {
    const late = { before: EACH_HOUR, cursor: at("04T03:00"), nextFire: at("04T04:00"), now };

    expect(resumed({ ...late, after: EACH_FIVE })).toBe("05T05:00; as it says; 04T04:00 to 04T07:00");
    expect(resumed({ ...late, after: OVER })).toBe("never; as it says; 04T04:00 to 04T07:00");
  });
});

describe("the first schedule of a DAG", () => {
  const fresh = { before: null, now: at("10T10:00") };
  const since = (text: string) => aSchedule({ start: at(text) });

  test("makes up for what is since its start, if it makes up for anything", () => {
    expect(resumed({ ...fresh, after: since("05T00:00"), catchup: CATCHUP })).toBe("06T04:00; as it says; nothing");
    expect(resumed({ ...fresh, after: since("05T00:00") })).toBe("11T04:00; as it says; nothing");
    expect(resumed({ ...fresh, after: DAILY, catchup: CATCHUP })).toBe("11T04:00; as it says; nothing");
  });

  test("begins with the very instant of its start, and not before it", () => {
    const dates = aSchedule({ expression: "0 * * * *", interval: "none", start: at("05T03:00") });

    expect(resumed({ ...fresh, after: dates, catchup: CATCHUP })).toBe("05T03:00; as it says; nothing");
    expect(resumed({ ...fresh, after: since("15T00:00"), catchup: CATCHUP })).toBe("16T04:00; as it says; nothing");
  });

  test("counts from now where the DAG was registered before, and when it is over there is none", () => {
    const known = { ...fresh, cursor: at("01T00:00") };

    expect(resumed({ ...known, after: since("05T00:00"), catchup: CATCHUP })).toBe("11T04:00; as it says; nothing");
    expect(resumed({ ...fresh, after: OVER })).toBe("never; as it says; nothing");
    expect(resumed({ ...fresh, after: OVER, catchup: CATCHUP })).toBe("never; as it says; nothing");
  });

  test("goes on where the last one had ended, after a time without any", () => {
    const again = { ...fresh, covered: at("07T00:00") };

    expect(resumed({ ...again, after: AT_SIX })).toBe("07T06:00; 07T06:00 from 07T00:00; nothing");
    expect(resumed({ ...again, after: OVER })).toBe("never; as it says; nothing");
  });

  test("fires for nothing that the last one covered, wherever the two have their boundaries", () => {
    const again = (text: string) => ({ ...fresh, covered: at(text) });

    expect(resumed({ ...again("07T06:00"), after: AT_SIX })).toBe("08T06:00; 08T06:00 from 07T06:00; nothing");
    expect(resumed({ ...again("07T02:00"), after: DAILY })).toBe("08T04:00; 08T04:00 from 07T02:00; nothing");
  });
});

describe("an edit", () => {
  const standing = { before: DAILY, cursor: at("03T04:00"), nextFire: at("04T04:00") };

  test("while a firing of both schedules is due fires for all that has had no run", () => {
    const due = { ...standing, after: HOURLY, now: at("04T04:00") };

    expect(resumed(due)).toBe("04T04:00; 04T04:00 from 03T00:00; nothing");
    expect(resumed({ ...due, now: at("04T09:30") })).toBe("04T04:00; 04T04:00 from 03T00:00; nothing");
  });

  test("leaves out what was late, and begins where that ends", () => {
    expect(resumed({ ...standing, after: AT_SIX, now: at("05T10:00") })).toBe(
      "06T06:00; 06T06:00 from 05T00:00; 04T04:00 to 05T04:00",
    );
    expect(resumed({ ...standing, after: OVER, now: at("05T10:00") })).toBe("never; as it says; 04T04:00 to 05T04:00");
  });

  test("gives no run to what has had one, by a clock that is behind", () => {
    const halfPast = aSchedule({ expression: "30 * * * *", interval: "hour" });
    const behind = { before: DAILY, cursor: at("04T04:00"), nextFire: at("05T04:00"), after: halfPast };

    expect(resumed({ ...behind, now: at("04T03:00") })).toBe("04T04:30; 04T04:30 from 04T00:00; nothing");
    expect(resumed({ ...behind, now: at("04T05:00") })).toBe("04T05:30; 04T05:30 from 04T00:00; nothing");
  });

  test("of a schedule whose first run is late makes up for nothing before it", () => {
    const fresh = { before: DAILY, cursor: at("03T10:00"), nextFire: at("04T04:00"), after: AT_SIX };

    expect(resumed({ ...fresh, now: at("04T10:00") })).toBe("05T06:00; 05T06:00 from 04T00:00; 04T04:00 to 04T04:00");
    expect(resumed({ ...fresh, now: at("04T03:00") })).toBe("04T06:00; as it says; nothing");
  });
});

describe("a firing", () => {
  const firing = {
    due: at("04T04:00"),
    logicalDate: at("03T00:00"),
    dataInterval: { start: at("03T00:00"), end: at("04T00:00") },
  };
  const { due } = firing;

  test("after an edit begins where the last run ended, and says that it is no interval of the schedule", () => {
    expect(beginning(firing, { due, start: at("02T06:00") })).toEqual({
      partial: true,
      due,
      logicalDate: at("02T06:00"),
      dataInterval: { start: at("02T06:00"), end: at("04T00:00") },
    });
  });

  test("is as the schedule has it where nothing was edited, or that is where the last run ended", () => {
    expect([beginning(firing, null), beginning(firing, undefined)]).toEqual([firing, firing]);
    expect(beginning(firing, { due, start: at("03T00:00") })).toBe(firing);
    expect(beginning(firing, { due: at("05T04:00"), start: at("02T06:00") })).toBe(firing);
  });
});

test("a schedule has covered what its last run did, from where an edit put it, and nothing before its first run", () => {
  const covered = (cursor: Instant | null, first: DagRecord["first"] = null) =>
    shown(coveredUntil(DAILY, { cursor, first }));

  expect([covered(null), covered(at("03T10:00")), covered(at("03T04:00"))]).toEqual([null, null, "03T00:00"]);
  expect(covered(at("03T04:00"), { due: at("04T06:00"), start: at("02T12:00") })).toBe("02T12:00");
});
