import { expect, test } from "vitest";
import { cron, every } from "./index.ts";
import { preview } from "./preview.ts";

test("a program sees what a schedule will do", () => {
  expect(preview(every.day({ at: "04:00" }), { from: "2026-03-29", count: 1, timezone: "Europe/London" })).toEqual([
    {
      logicalDate: "2026-03-28T00:00:00Z",
      dataInterval: { start: "2026-03-28T00:00:00Z", end: "2026-03-29T00:00:00Z" },
      due: "2026-03-29T03:00:00Z",
      dueLocal: "2026-03-29T04:00:00+01:00",
      note: null,
    },
  ]);
});

test("a date is the last day that is shown, an instant is not shown", () => {
  const hourly = every.hour();

  expect(preview(hourly, { from: "2026-03-01", to: "2026-03-02" })).toHaveLength(48);
  expect(preview(hourly, { from: "2026-03-01T00:00:00Z", to: "2026-03-01T02:00" })).toHaveLength(2);
});

test("a schedule that is wrong is refused with all that is wrong", () => {
  expect(() => preview(cron(["61 * * * *", "0 0 30 2 *"]), { from: "2026-03-01", count: 1 })).toThrow(
    /minute is '61'[^]*never fires/,
  );
});

test.each([
  [{ from: "2026-02-30", count: 1 }, "from is '2026-02-30', a day that does not exist"],
  [{ from: "2026-03-01", count: -1 }, "count is -1, expected a whole number"],
])("%j is refused", (span, message) => {
  expect(() => preview(every.hour(), span)).toThrow(message);
});
