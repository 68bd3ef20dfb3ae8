/** Everything that can keep a file from being loaded. docs/errors.md lists the same codes; a code never changes its meaning. */
export const LOAD_CODES = {
  LOAD001: {
    title: "A file throws while it is loaded",
    explanation:
      "The code outside of the tasks runs whenever the file is loaded, and an error there hides all of its DAGs. What may fail belongs into a task.",
  },
  LOAD002: {
    title: "A file does not finish loading",
    explanation:
      "The code outside of the tasks must end at once: it may only define things. Waiting and long work belong into tasks.",
  },
  LOAD003: {
    title: "A file ends the process while it is loaded",
    explanation: "It calls `process.exit`. Throw an error in a task instead.",
  },
  LOAD004: {
    title: "The process died while a file was loaded",
    explanation: "It was killed, ran out of memory or crashed in native code. The message says how it ended.",
  },
  LOAD005: {
    title: "A file cannot be parsed",
    explanation: "The place is where the parser gave up; the mistake may be a little before it.",
  },
  LOAD006: {
    title: "TypeScript that Node cannot run",
    explanation:
      "Node strips types and compiles nothing, so `enum`, `namespace`, parameter properties and `import x = require()` do not work. Use `as const` objects, modules, and fields that the constructor assigns.",
  },
  LOAD007: {
    title: "An import leads nowhere",
    explanation:
      "The package is not installed, the file is not there, or it does not export that name. Files are imported with their extension; types with `import type`.",
  },
  LOAD008: {
    title: "A file cannot be bundled",
    explanation: "It loads, but the code that tasks run cannot be put into one file. The message is the bundler's.",
  },
  LOAD009: {
    title: "A file or folder of DAGs cannot be read",
    explanation: "DAGs are in files named `*.dag.ts`, by default below the folder `dags`.",
  },
  LOAD010: {
    title: "A definition uses the clock",
    explanation:
      "The file is loaded again at any moment, in several places, so what it defines must not depend on when that happens. Inside of a task, `ctx.interval`, `ctx.logicalDate` and the clock are at hand.",
  },
  LOAD011: {
    title: "A definition uses randomness",
    explanation: "Every load would define something else, and so a new version. Inside of a task randomness is fine.",
  },
  LOAD012: {
    title: "A definition uses the environment",
    explanation:
      "The file is loaded on machines with other environments, where it would define something else. Read `process.env` inside of a task, or take a param.",
  },
  LOAD013: {
    title: "Code asks where its file is",
    explanation:
      'Tasks run from a bundle somewhere else, so `import.meta.url` and its like do not name the source file there. Import the data (`import rows from "./rows.json" with { type: "json" }`), or keep it in storage.',
  },
  LOAD014: {
    title: "The code of a DAG file is too large",
    explanation:
      "Each sandbox that runs a task fetches the code and holds it in memory, so it may take 10 MB. The message names the largest files in it: data belongs into storage, and libraries into npm packages, which are no part of it.",
  },
} as const satisfies Record<string, { readonly title: string; readonly explanation: string }>;

export type LoadCode = keyof typeof LOAD_CODES;
