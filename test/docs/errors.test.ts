import { join } from "node:path";
import { expect, test } from "vitest";
import { LOAD_CODES } from "../../cli/load/codes.ts";
import { ENVIRONMENT_CODES } from "../../shared/contract/environment.ts";
import { DAG_CODES } from "../../shared/dsl/compile.ts";

const PAGE = join(import.meta.dirname, "../../docs/errors.md");

type Codes = Readonly<Record<string, { readonly title: string; readonly explanation: string }>>;

const chapter = (title: string, about: string, codes: Codes): string =>
  [
    `## ${title}`,
    about,
    ...Object.entries(codes).map(([code, { title: what, explanation }]) => `### ${code}: ${what}\n\n${explanation}`),
  ].join("\n\n");

const page = (): string =>
  `${[
    "# Errors and warnings",
    "Written from the tables in the sources by `npx vitest run test/docs -u`. A code never changes its meaning.",
    "Everything that is wrong is told in one pass. Each problem says what was given and what is expected, where it stands, and how to mend it:",
    `\`\`\`text
error[DAG003]: dag 'sales': tasks form a cycle: load -> check -> load
  --> dags/sales.dag.ts:14:14
   = help: remove 'check' from what 'load' comes after
\`\`\``,
    "An error keeps its DAG from being registered; what was registered before goes on. A warning does not.",
    chapter("Definitions", "What a file defines is checked once it has been loaded.", DAG_CODES),
    chapter(
      "Environments",
      "An environment is checked with its DAGs when `cdk synth` or `cdk deploy` begins.",
      ENVIRONMENT_CODES,
    ),
    chapter("Loading", "A file is loaded by running it, in a process of its own.", LOAD_CODES),
  ].join("\n\n")}\n`;

test("docs/errors.md lists every code, with its meaning", async () => {
  await expect(page()).toMatchFileSnapshot(PAGE);
});
