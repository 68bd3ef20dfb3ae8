/** Promises about the windows in which arrivals gather. */
import type { ArrivalWindow, DagRecord } from "../../../shared/core/dag/record.ts";
import type { Checker, Seen } from "./checker.ts";

const nameOf = ({ dagId }: DagRecord, { triggerId }: ArrivalWindow): string => `${dagId}#${triggerId}`;

/** Objects in the inbox that no run has yet. */
const waiting = ({ database }: Seen, name: string): ReadonlySet<string> =>
  new Set(
    [...(database.inbox.get(name) ?? [])].flatMap(([object, row]) => (row.takenBy === undefined ? [object] : [])),
  );

const textOf = (window: ArrivalWindow | undefined): string => JSON.stringify([window?.number, window?.open]);

/** Whoever puts an arrival afterwards opens the window again. */
export const windowsCloseOverNothing: Checker = {
  promise: "L3",
  says: "a window closes only once all that had arrived when it last changed is in a run",
  dag({ before, after, manifest }, seen, expect) {
    const { inboxes } = seen.ledger;
    for (const window of after.windows) {
      const old = before?.windows.find(({ triggerId }) => triggerId === window.triggerId);
      if (textOf(old) === textOf(window)) continue;
      const name = nameOf(after, window);
      const known = inboxes.get(name) ?? new Set();
      if (window.open !== null) inboxes.set(name, waiting(seen, name));
      // A trigger that is gone waits for nothing.
      else if (manifest.triggers.some(({ triggerId }) => triggerId === window.triggerId)) {
        const left = [...waiting(seen, name)].filter((object) => known.has(object));
        expect(left.length === 0, () => `${name} closed window ${window.number} over ${left.join(", ")}`);
      }
    }
  },
};
