/** Kills this process at a named crash point: how the tests show that recovery completes the run. */
import { CRASH_POINTS, noCrash, type CrashPoint } from "../../shared/app/crash-points.ts";
import { FreshetError } from "../../shared/core/errors.ts";

/**
 * `FRESHET_CRASH_AT=run:committed` kills the process the first time it comes by, `run:committed*3` the third time. Throws
 * USAGE for a name that is not a crash point, so that a test cannot pass because nothing happened.
 */
export function crashPointFrom(setting: string | undefined): CrashPoint {
  if (setting === undefined || setting === "") return noCrash;
  const [name, times = "1"] = setting.split("*", 2);
  const point = CRASH_POINTS.find((known) => known === name);
  if (point === undefined) {
    throw new FreshetError(
      "USAGE",
      `FRESHET_CRASH_AT: '${setting}' is no crash point; there are ${CRASH_POINTS.join(", ")}`,
    );
  }
  let left = Number(times);
  return (passed) => {
    if (passed === point && --left === 0) process.kill(process.pid, "SIGKILL");
  };
}
