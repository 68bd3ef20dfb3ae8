/** The `freshet` command. The launcher in bin/ imports this file, which runs what the command line says. */
import { run, tellStray, type World } from "./program.ts";

const argv = process.argv.slice(2);
const world: World = { stdout: process.stdout, stderr: process.stderr, cwd: process.cwd(), env: process.env };
const onStray = (error: unknown): void => process.exit(tellStray(argv, world, error));

process.on("uncaughtException", onStray);
process.on("unhandledRejection", onStray);
process.exitCode = await run(argv, world);
