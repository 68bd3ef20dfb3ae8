/**
 * Lets Node run Freshet where npm has put it into a `node_modules`: there Node refuses to take the types out of TypeScript by
 * itself. Plain JavaScript, because it comes first. Imported anywhere else it does nothing.
 */
import { readFileSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

const OWN = new URL("../../", import.meta.url).href;

if (OWN.includes("/node_modules/")) {
  module.registerHooks({
    load(url, context, next) {
      if (!url.endsWith(".ts") || !url.startsWith(OWN) || url.slice(OWN.length).includes("node_modules/"))
        return next(url, context);
      // The types become spaces, so that lines and columns stay as they are.
      const source = module.stripTypeScriptTypes(readFileSync(fileURLToPath(url), "utf8"));
      return { format: "module", source, shortCircuit: true };
    },
  });
}
