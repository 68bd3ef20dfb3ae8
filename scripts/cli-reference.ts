/** Writes the reference of the commands into docs/cli.md. A test sees to it that this was done. */
import { readFileSync, writeFileSync } from "node:fs";
import { COMMANDS } from "../cli/commands.ts";
import { cliReference, MARK } from "./lib/cli-reference.ts";

const path = new URL("../docs/cli.md", import.meta.url);
const [intro = ""] = readFileSync(path, "utf8").split(MARK);
writeFileSync(path, `${intro}${MARK}\n\n${cliReference(COMMANDS)}`);
