/** The `freshet` command. The launcher in bin/ imports this file, which runs what the command line says. */
import { run } from "./program.ts";

process.exitCode = await run(process.argv.slice(2));
