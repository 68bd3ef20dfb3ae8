/** Write units and calls of a task of a wide map, by few schedulers and by a crowd of them. */
import type { BenchLine } from "../line.ts";
import { withEmulators } from "./with-emulators.ts";
import { mapUnits } from "./workloads.ts";

export const name = "aws-map";

const WIDTH = 10_000;
const CROWD = { schedulers: 50, executors: 50 };

export const run = (): Promise<readonly BenchLine[]> =>
  withEmulators(async (endpoints) => [
    (await mapUnits(endpoints, WIDTH)).line,
    (await mapUnits(endpoints, WIDTH, CROWD)).line,
  ]);
