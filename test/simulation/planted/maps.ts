/** Bugs of mapped tasks and their chunks. */
import type { PlantedBug } from "./bug.ts";

const CHUNKS = "shared/core/run/chunks.ts";

export const MAP_BUGS: readonly PlantedBug[] = [
  {
    name: "all_done decided early over a map",
    breaks: ["S5", "S6"],
    changes: [
      {
        file: "shared/core/run/verdict.ts",
        find: "pending += counts.atWork + counts.waiting;",
        replace: "pending += counts.waiting;",
      },
    ],
  },
  {
    name: "chunk counts added instead of merged",
    breaks: ["S4", "S10"],
    changes: [
      {
        file: CHUNKS,
        find: "const heard: ChunkState = { ...rest, ...counts, version,",
        replace: "const heard: ChunkState = { ...rest, ...counts, success: rest.success + counts.success, version,",
      },
    ],
  },
  {
    name: "map made anew beside the instances that it had",
    breaks: ["S10"],
    changes: [
      { file: "shared/core/run/draft.ts", find: "other.number === dropped.number", replace: "other === dropped" },
    ],
  },
  {
    name: "an older report of a chunk counts",
    breaks: ["S4", "S5", "S6", "S10", "L1", "L6"],
    changes: [{ file: CHUNKS, find: " || version <= known.version) return;", replace: ") return;" }],
  },
  {
    name: "a place of a map given twice",
    breaks: ["S9"],
    changes: [{ file: CHUNKS, find: "    free -= more;\n", replace: "" }],
  },
  {
    name: "results of a map read from other instances",
    breaks: ["S4"],
    changes: [
      {
        file: "shared/app/attempt/inputs.ts",
        find: "      if (attempt > 0) yield { runId, taskId, mapIndex, attempt };",
        replace: "      if (attempt > 0) yield { runId, taskId, mapIndex: mapIndex % 2, attempt };",
      },
    ],
  },
  {
    name: "an instance reads the item beside its own",
    breaks: ["S4"],
    changes: [
      {
        file: "shared/app/attempt/list-output.ts",
        find: "items.set(index, JSON.parse",
        replace: "items.set(index + 1, JSON.parse",
      },
    ],
  },
  {
    name: "tolerance of a map off by one",
    breaks: ["S6", "S10"],
    changes: [
      {
        file: "shared/core/run/instances.ts",
        find: `"count" in tolerance ? tolerance.count :`,
        replace: `"count" in tolerance ? tolerance.count + 1 :`,
      },
    ],
  },
  {
    name: "end of a chunk not waited for",
    breaks: ["S4", "S5", "S6", "S10", "S17", "L1"],
    changes: [
      {
        file: "shared/core/run/instances.ts",
        find: "counts.atWork += isSettled(chunk) ? 0 : Math.max(1, chunk.open);",
        replace: "counts.atWork += chunk.open;",
      },
    ],
  },
];
