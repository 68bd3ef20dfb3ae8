/** In a process of its own, since the CDK's constructs cannot wait: `main.ts <folder> <credentials> <entries as JSON>`. */
import { buildFunction, type Entries } from "./build.ts";
import type { Credentials } from "./trim.ts";

const [folder = "", credentials = "", entries = ""] = process.argv.slice(2);
await buildFunction(JSON.parse(entries) as Entries, folder, credentials as Credentials);
