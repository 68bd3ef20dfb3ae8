/** Zones whose clocks do odd things, and when they do. */
import type { Random } from "../../../shared/simulated/random.ts";

interface OddZone {
  readonly timezone: string;
  /** Changes of its clock: worlds are put around them. */
  readonly changes: readonly string[];
}

const ODD: readonly OddZone[] = [
  { timezone: "America/New_York", changes: ["2026-03-08T07:00Z", "2026-11-01T06:00Z"] },
  // Half an hour.
  { timezone: "Australia/Lord_Howe", changes: ["2026-04-04T15:00Z", "2026-10-03T15:30Z"] },
  // Two hours.
  { timezone: "Antarctica/Troll", changes: ["2026-03-29T01:00Z", "2026-10-25T01:00Z"] },
  // It is winter that is changed to.
  { timezone: "Europe/Dublin", changes: ["2026-03-29T01:00Z", "2026-10-25T01:00Z"] },
  // There is no 30 December 2011.
  { timezone: "Pacific/Apia", changes: ["2011-12-30T10:00Z", "2011-12-30T10:00Z", "2012-03-31T14:00Z"] },
  // At a minute past midnight, until 2011.
  { timezone: "America/St_Johns", changes: ["2010-03-14T03:31Z", "2010-11-07T02:31Z"] },
  // At midnight: days that begin at one, and days that begin twice.
  { timezone: "Africa/Cairo", changes: ["2026-04-23T22:00Z", "2026-10-29T21:00Z"] },
  { timezone: "America/Havana", changes: ["2026-03-08T05:00Z", "2026-11-01T05:00Z"] },
  // Never again.
  { timezone: "Asia/Pyongyang", changes: ["2015-08-14T15:00Z", "2018-05-04T15:00Z"] },
  { timezone: "Asia/Kathmandu", changes: ["1985-12-31T18:30Z"] },
  { timezone: "Pacific/Chatham", changes: ["2026-04-04T14:00Z", "2026-09-26T14:00Z"] },
];

export interface Place {
  readonly timezone: string;
  /** When its clock is changed; null: never. */
  readonly changeAt: number | null;
}

export const UTC: Place = { timezone: "UTC", changeAt: null };

export function placeOf(random: Random): Place {
  const { timezone, changes } = random.pick(ODD);
  return { timezone, changeAt: Date.parse(random.pick(changes)) };
}
