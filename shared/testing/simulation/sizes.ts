/** Reads how large things are in a period: pools, and lists that tasks are mapped over. */
import { MAP_LIMIT_MAX, type Manifest } from "../../core/manifest.ts";
import { didYouMean } from "../../core/problem.ts";
import { isTask, type Complain } from "./checks.ts";
import type { SimulateOptions } from "./options.ts";

const WIDTH_DEFAULT = 3;

/** Declared as the period has them. A task that no pool of that size could ever let in is refused. */
export function withPools(manifest: Manifest, given: SimulateOptions["pools"] = {}, complain: Complain): Manifest {
  const known = manifest.pools.map(({ pool }): string => pool);
  for (const [name, slots] of Object.entries(given)) {
    if (!known.includes(name)) {
      const there = known.length === 0 ? "it uses none" : `it uses ${known.join(", ")}`;
      complain("pools", `dag '${manifest.dagId}' uses no pool '${name}'${didYouMean(name, known) || `; ${there}`}`);
    } else if (!isCount(slots)) {
      complain("pools", `pool '${name}' has ${String(slots)} slots; expected a whole number from 1`);
    } else {
      for (const { taskId, pools } of manifest.tasks) {
        const wide = pools.find(({ pool, slots: weight }) => pool === name && weight > slots);
        if (wide !== undefined)
          complain(
            "pools",
            `task '${taskId}' takes ${wide.slots} slots of '${name}', which has ${slots}: it would never run`,
          );
      }
    }
  }
  const pools = manifest.pools.map(({ pool, slots }) => ({
    pool,
    slots: Object.hasOwn(given, pool) ? (given[pool] ?? slots) : slots,
  }));
  return { ...manifest, pools };
}

export function readWidths(
  manifest: Manifest,
  given: SimulateOptions["widths"] = {},
  complain: Complain,
): ReadonlyMap<string, number> {
  const lists = new Set(manifest.tasks.flatMap(({ map }): readonly string[] => (map === null ? [] : [map.over])));
  const widths = new Map([...lists].map((id) => [id, WIDTH_DEFAULT]));
  for (const [id, width] of Object.entries(given)) {
    if (!isTask(manifest, "widths", id, complain)) continue;
    if (!lists.has(id))
      complain(
        "widths",
        `no task is mapped over '${id}'${lists.size === 0 ? "" : `; there are lists of ${[...lists].join(", ")}`}`,
      );
    else if (width !== 0 && (!isCount(width) || width > MAP_LIMIT_MAX))
      complain(
        "widths",
        `the list of '${id}' has ${String(width)} items; expected a whole number up to ${MAP_LIMIT_MAX}`,
      );
    else widths.set(id, width);
  }
  return widths;
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0;
