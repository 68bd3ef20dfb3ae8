/** Bugs around arrivals and their windows. */
import type { PlantedBug } from "./bug.ts";

const WINDOWS = "shared/core/dag/windows.ts";
const FIRE = "shared/app/deliver/fire-window.ts";

export const ARRIVAL_BUGS: readonly PlantedBug[] = [
  {
    name: "arrival counted in two runs",
    breaks: ["S1"],
    changes: [
      {
        file: FIRE,
        find: "await engine.inbox.take(await arrivalsOf(engine, inbox, stored), runId);",
        replace:
          'if (put !== "created" || arrivals.length > 1) await engine.inbox.take(await arrivalsOf(engine, inbox, stored), runId);',
      },
    ],
  },
  {
    name: "arrival lost while the window fires",
    breaks: ["L3", "L4"],
    changes: [
      {
        file: WINDOWS,
        find: "if (open.closing === true && look === looks) return setWindow",
        replace: "if (open.closing !== true || look === looks) return setWindow",
      },
    ],
  },
  {
    name: "arrival lost between two tries to fire",
    breaks: ["L3"],
    changes: [
      {
        file: FIRE,
        find: `put === "created" ? run : put.value;`,
        replace: `put === "created" ? run : { ...put.value, files: run.files };`,
      },
    ],
  },
  {
    name: "known arrival not told to its DAG",
    breaks: ["L3"],
    changes: [
      {
        file: "shared/app/arrive.ts",
        find: "await Promise.all(objects.map((object) => engine.inbox.put(arrivalOf(engine, dagId, triggerId, object))));",
        replace: `const put = await Promise.all(objects.map((object) => engine.inbox.put(arrivalOf(engine, dagId, triggerId, object))));
    if (!put.includes("new")) return;`,
      },
    ],
  },
  {
    name: "window fired without taking its number",
    breaks: ["L3", "L4", "S1"],
    changes: [
      {
        file: WINDOWS,
        find: "const next = { ...window, number: fired + 1, looks: 1, open };",
        replace: "const next = { ...window, number: fired, looks: 1, open };",
      },
    ],
  },
];
