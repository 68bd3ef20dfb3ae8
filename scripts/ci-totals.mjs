/**
 * Prints "N passed, N failed" for the vitest reports in a folder: `node scripts/ci-totals.mjs FOLDER STATUS`.
 * STATUS is how the steps before ended; plain JavaScript, since it also runs when the installation was what failed.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder, status] = process.argv.slice(2);
const reports = readdirSync(folder)
  .filter((file) => file.endsWith(".json"))
  .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")));

const sum = (count) => reports.reduce((total, report) => total + count(report), 0);
const passed = sum(({ numPassedTests }) => numPassedTests);
const failed = sum(({ numFailedTests, testResults }) => numFailedTests + testResults.filter(diedBeforeItsTests).length);
// A step that is no test, or a run that died outside of one, has failed as well.
const unseen = status !== "0" && failed === 0 ? 1 : 0;

console.log(`${passed} passed, ${failed + unseen} failed`);

function diedBeforeItsTests({ status: fileStatus, assertionResults }) {
  return fileStatus === "failed" && assertionResults.every((test) => test.status !== "failed");
}
