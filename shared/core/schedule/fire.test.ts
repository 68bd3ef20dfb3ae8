import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lastFire, nextFire, type Clockwork } from "./fire.ts";
import { instant, iso, parseInstant, plus, type Instant } from "../time.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const at = (text: string): Instant => parseInstant(text) ?? instant(NaN);

const aClockwork = (expression: string, timezone: string, dst: Partial<Clockwork["dst"]> = {}): Clockwork => ({
  expression,
  timezone,
  dst: { gap: "shift", fold: "first", ...dst },
});

function fires(clockwork: Clockwork, after: string, count: number): string[] {
  const found: string[] = [];
  for (let fire = nextFire(clockwork, at(after)); found.length < count; fire = nextFire(clockwork, fire))
    found.push(iso(fire));
  return found;
}

describe("a time of day", () => {
  test("that the clock skips moves forward by as much as the clock does", () => {
    const clockwork = aClockwork("30 2 * * *", "America/New_York");

    expect(fires(clockwork, "2026-03-07T12:00:00Z", 2)).toEqual(["2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z"]);
  });

  test("that the clock skips is left out where that is asked for", () => {
    const clockwork = aClockwork("30 2 * * *", "America/New_York", { gap: "skip" });

    expect(fires(clockwork, "2026-03-07T06:00:00Z", 2)).toEqual(["2026-03-07T07:30:00Z", "2026-03-09T06:30:00Z"]);
  });

  test("that the clock shows twice fires the first time", () => {
    const clockwork = aClockwork("30 1 * * *", "America/New_York");

    expect(fires(clockwork, "2026-10-31T12:00:00Z", 2)).toEqual(["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]);
  });

  test("that the clock shows twice fires the second time, or both, where that is asked for", () => {
    const second = aClockwork("30 1 * * *", "America/New_York", { fold: "second" });
    const both = aClockwork("30 1 * * *", "America/New_York", { fold: "both" });

    expect(fires(second, "2026-10-31T12:00:00Z", 2)).toEqual(["2026-11-01T06:30:00Z", "2026-11-02T06:30:00Z"]);
    expect(fires(both, "2026-10-31T12:00:00Z", 2)).toEqual(["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"]);
  });

  test("that moves onto another one of the same expression fires once", () => {
    const clockwork = aClockwork("0,30 2,3 * * *", "America/New_York");

    expect(fires(clockwork, "2026-03-08T00:00:00Z", 3)).toEqual([
      "2026-03-08T07:00:00Z",
      "2026-03-08T07:30:00Z",
      "2026-03-09T06:00:00Z",
    ]);
  });

  test("that moves behind a later one does not hide it, where the clock skips two hours", () => {
    const clockwork = aClockwork("0,59 2,3 * * *", "Antarctica/Troll");

    expect(fires(clockwork, "2026-03-29T00:00:00Z", 4)).toEqual([
      "2026-03-29T01:00:00Z",
      "2026-03-29T01:59:00Z",
      "2026-03-29T02:00:00Z",
      "2026-03-29T02:59:00Z",
    ]);
  });

  test("moves by half an hour where clocks do, on Lord Howe Island", () => {
    const clockwork = aClockwork("15 2 * * *", "Australia/Lord_Howe");

    expect(fires(clockwork, "2026-10-02T16:00:00Z", 2)).toEqual(["2026-10-03T15:45:00Z", "2026-10-04T15:15:00Z"]);
  });

  test("of the day that Apia skipped moves onto the next day, which fires once", () => {
    const clockwork = aClockwork("0 4 * * *", "Pacific/Apia");

    expect(fires(clockwork, "2011-12-28T15:00:00Z", 3)).toEqual([
      "2011-12-29T14:00:00Z",
      "2011-12-30T14:00:00Z",
      "2011-12-31T14:00:00Z",
    ]);
  });

  test("keeps its place on the wall in zones off by half an hour, in St. John's", () => {
    const clockwork = aClockwork("0 4 * * *", "America/St_Johns");

    expect(fires(clockwork, "2026-03-07T12:00:00Z", 2)).toEqual(["2026-03-08T06:30:00Z", "2026-03-09T06:30:00Z"]);
    expect(fires(clockwork, "2026-03-06T12:00:00Z", 1)).toEqual(["2026-03-07T07:30:00Z"]);
  });
});

describe("every hour", () => {
  test("both of two same readings fire, and a skipped one does not", () => {
    const clockwork = aClockwork("30 * * * *", "America/New_York");

    expect(fires(clockwork, "2026-11-01T04:45:00Z", 3)).toEqual([
      "2026-11-01T05:30:00Z",
      "2026-11-01T06:30:00Z",
      "2026-11-01T07:30:00Z",
    ]);
    expect(fires(clockwork, "2026-03-08T06:00:00Z", 2)).toEqual(["2026-03-08T06:30:00Z", "2026-03-08T07:30:00Z"]);
  });

  test("is ninety minutes apart where the clock goes back by half an hour, on Lord Howe Island", () => {
    const clockwork = aClockwork("0 * * * *", "Australia/Lord_Howe");

    expect(fires(clockwork, "2026-04-04T13:30:00Z", 3)).toEqual([
      "2026-04-04T14:00:00Z",
      "2026-04-04T15:30:00Z",
      "2026-04-04T16:30:00Z",
    ]);
  });

  test("of a rare date is found years ahead", () => {
    const clockwork = aClockwork("0 * 29 2 *", "Europe/London");

    expect(fires(clockwork, "2028-03-01T00:00:00Z", 1)).toEqual(["2032-02-29T00:00:00Z"]);
  });
});

/** Zones and days on which their clocks change, in all the ways that clocks do. */
const CHANGES = [
  ["America/New_York", "2026-03-08"],
  ["America/New_York", "2026-11-01"],
  ["Europe/London", "2026-03-29"],
  ["Europe/London", "2026-10-25"],
  ["Australia/Lord_Howe", "2026-04-04"],
  ["Australia/Lord_Howe", "2026-10-03"],
  ["Pacific/Apia", "2011-12-30"],
  ["America/St_Johns", "2026-03-08"],
  ["America/St_Johns", "2010-11-07"],
  ["America/Sao_Paulo", "2018-02-18"],
  ["America/Sao_Paulo", "2018-11-04"],
  ["Africa/Cairo", "2026-04-23"],
  ["Africa/Cairo", "2026-10-29"],
  ["Antarctica/Troll", "2026-03-29"],
  ["Antarctica/Troll", "2026-10-25"],
  ["America/Caracas", "2016-05-01"],
  ["Pacific/Chatham", "2026-04-04"],
  ["Asia/Kathmandu", "2026-03-02"],
] as const;

interface Pattern {
  readonly minutes: readonly number[];
  readonly hours: readonly number[] | "*";
}

const aPattern: fc.Arbitrary<Pattern> = fc.record({
  minutes: fc.uniqueArray(fc.constantFrom(0, 1, 15, 30, 45, 59), { minLength: 1, maxLength: 3 }),
  hours: fc.oneof(
    fc.constant("*" as const),
    fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 4 }),
    fc.uniqueArray(fc.constantFrom(0, 1, 2, 3, 23), { minLength: 1, maxLength: 4 }),
  ),
});

/** What a zone's clock shows in each minute of a window, and at which instants it shows that: by asking the clock. */
function readings(timezone: string, from: Instant, to: Instant): ReadonlyMap<number, readonly number[]> {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short", timeStyle: "short" });
  const read = (minute: number): number => Date.parse(`${format.format(minute).replace(" ", "T")}:00Z`);
  const shown = new Map<number, number[]>();
  const step = 15 * MINUTE_MS;
  for (let start: number = from; start < to; start += step) {
    const changes = read(start + step) - read(start) !== step;
    const first = read(start);
    for (let minute = start; minute < start + step; minute += MINUTE_MS) {
      const wall = changes ? read(minute) : first + minute - start;
      shown.set(wall, [...(shown.get(wall) ?? []), minute]);
    }
  }
  return shown;
}

/** All firings, found reading by reading: slow, and sure. */
function firesByReading(
  { minutes, hours }: Pattern,
  { gap, fold }: Clockwork["dst"],
  shown: ReturnType<typeof readings>,
) {
  const found = new Set<number>();
  const walls = [...shown.keys()];
  const [first, last] = [Math.min(...walls), Math.max(...walls)];
  for (let wall = first; wall <= last; wall += MINUTE_MS) {
    const time = new Date(wall);
    if (!minutes.includes(time.getUTCMinutes()) || (hours !== "*" && !hours.includes(time.getUTCHours()))) continue;
    const instants = shown.get(wall) ?? [];
    if (hours === "*" || fold === "both") for (const then of instants) found.add(then);
    else if (instants.length > 0) found.add((fold === "first" ? instants[0] : instants.at(-1)) as number);
    if (instants.length > 0 || hours === "*" || gap === "skip") continue;
    let before = wall;
    while (!shown.has(before)) before -= MINUTE_MS;
    found.add((shown.get(before)?.[0] as number) + wall - before);
  }
  return [...found].toSorted((a, b) => a - b);
}

const WINDOWS = CHANGES.map(([timezone, day]) => {
  const from = plus(at(`${day}T00:00:00Z`), -6 * HOUR_MS);
  const to = plus(from, 36 * HOUR_MS);
  // Firings near the ends of the window may come from readings outside of it.
  return { timezone, from, to, shown: readings(timezone, plus(from, -30 * HOUR_MS), plus(to, 30 * HOUR_MS)) };
});

const aDst: fc.Arbitrary<Clockwork["dst"]> = fc.record({
  gap: fc.constantFrom("shift" as const, "skip" as const),
  fold: fc.constantFrom("first" as const, "second" as const, "both" as const),
});

describe("any expression, around any change of a clock", () => {
  const expressionOf = ({ minutes, hours }: Pattern): string =>
    `${minutes.join(",")} ${hours === "*" ? "*" : hours.join(",")} * * *`;

  test("fires exactly when a look at the clock in each minute says", () => {
    fc.assert(
      fc.property(fc.constantFrom(...WINDOWS), aPattern, aDst, ({ timezone, from, to, shown }, pattern, dst) => {
        const clockwork = aClockwork(expressionOf(pattern), timezone, dst);
        const found: number[] = [];

        for (let fire = nextFire(clockwork, from); fire <= to; fire = nextFire(clockwork, fire)) found.push(fire);

        const expected = firesByReading(pattern, dst, shown).filter((fire) => fire > from && fire <= to);
        expect(found.map((fire) => iso(instant(fire)))).toEqual(expected.map((fire) => iso(instant(fire))));
      }),
      { numRuns: 80 },
    );
  });

  test("last fired when the firings found looking forward say", () => {
    const offset = fc.integer({ min: 0, max: 72 * 60 }).map((minutes) => minutes * MINUTE_MS);
    const jitter = fc.constantFrom(0, 0, 1, -1, 30_000);
    fc.assert(
      fc.property(
        fc.constantFrom(...CHANGES),
        aPattern,
        aDst,
        offset,
        jitter,
        ([timezone, day], pattern, dst, after, ms) => {
          const clockwork = aClockwork(expressionOf(pattern), timezone, dst);
          const from = plus(at(`${day}T00:00:00Z`), -96 * HOUR_MS);
          const until = plus(from, 72 * HOUR_MS + after + ms);
          let expected: Instant | undefined;
          for (let fire = nextFire(clockwork, from); fire <= until; fire = nextFire(clockwork, fire)) expected = fire;

          expect(iso(lastFire(clockwork, until))).toBe(iso(expected ?? instant(NaN)));
        },
      ),
      { numRuns: 60 },
    );
  });
});
