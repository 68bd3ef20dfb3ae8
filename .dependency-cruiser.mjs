/**
 * Who may import whom. Each folder lists all it may import besides itself; whatever is not listed is refused, types
 * included. `npm run boundaries` enforces it, and test/boundaries plants a violation of each kind to see that it does.
 */

/** Files that may use the test libraries wherever they stand. */
const TEST_FILE = "[.]test(-d)?[.]ts$";
const TEST_PACKAGES = ["vitest", "fast-check"];

/** `builtins`: may it use Node's own modules? What runs everywhere may not. */
const TABLE = [
  { name: "core", path: "^shared/core/(?!schedule/cron[.]ts$)", home: "^shared/core/" },
  { name: "core-cron", path: "^shared/core/schedule/cron[.]ts$", home: "^shared/core/", packages: ["cron-parser"] },
  { name: "dsl", path: "^shared/dsl/", folders: ["shared/core"] },
  { name: "ports", path: "^shared/ports/", folders: ["shared/core"] },
  { name: "contract", path: "^shared/contract/", folders: ["shared/core"], packages: ["zod"] },
  { name: "app", path: "^shared/app/", folders: ["shared/core", "shared/contract", "shared/ports"] },
  {
    name: "simulated",
    path: "^shared/simulated/",
    folders: ["shared/core", "shared/contract", "shared/ports", "shared/app"],
    builtins: true,
  },
  {
    name: "testing",
    path: "^shared/testing/",
    folders: ["shared/core", "shared/contract", "shared/ports", "shared/app", "shared/dsl", "shared/simulated"],
    builtins: true,
  },
  {
    name: "aws",
    path: "^shared/aws/",
    folders: ["shared/core", "shared/contract", "shared/ports"],
    packages: ["@aws-sdk/[^/]+"],
    builtins: true,
  },
  {
    name: "embedded",
    path: "^shared/embedded/",
    folders: ["shared/core", "shared/contract", "shared/ports"],
    packages: ["chokidar"],
    builtins: true,
  },
  {
    name: "cli",
    path: "^cli/",
    folders: [
      "shared/core",
      "shared/ports",
      "shared/contract",
      "shared/app",
      "shared/dsl",
      "shared/aws",
      "shared/embedded",
      "shared/testing",
    ],
    packages: ["beautiful-mermaid", "chokidar", "commander", "esbuild"],
    builtins: true,
  },
  // A pipeline's author may use any package, but of this repository only what `import … from "freshet"` gives.
  {
    name: "dags",
    path: "^dags/",
    files: ["shared/dsl/index[.]ts"],
    testFiles: ["shared/testing/index[.]ts"],
    packages: [".+"],
    builtins: true,
  },
  {
    name: "lambdas",
    path: "^lambdas/([^/]+)/",
    home: "^lambdas/$1/", // Its own folder: a function never reaches into another.
    // `engine` is what the deciding functions have in common.
    folders: ["lambdas/engine", "shared/core", "shared/contract", "shared/app", "shared/aws"],
    packages: ["@middy/[^/]+", "@aws-lambda-powertools/[^/]+", "@types/aws-lambda", "aws-lambda", "zod"],
    builtins: true,
  },
  {
    name: "workers",
    path: "^workers/",
    folders: ["shared/core", "shared/contract", "shared/app", "shared/aws"],
    packages: ["@aws-lambda-powertools/logger"],
    builtins: true,
  },
  {
    name: "infra",
    path: "^infra/",
    // Names that the stored data hangs on, and the forms of what it passes on.
    files: [
      "shared/aws/dynamo/tables[.]ts",
      "shared/contract/(deployment|environment|release)[.]ts",
      "shared/core/(executor-class|manifest|problem|shown|time)[.]ts",
      // Schedules of an environment are written as in a DAG.
      "shared/dsl/index[.]ts",
    ],
    packages: ["aws-cdk-lib", "cdk-nag", "constructs", "esbuild"],
    builtins: true,
  },
  { name: "console", path: "^console/", folders: ["shared/contract"], packages: [".+"] },
];

function refusals({
  name,
  path,
  home = path,
  folders = [],
  files = [],
  testFiles = [],
  packages = [],
  builtins = false,
}) {
  const local = [home, ...folders.map((folder) => `^${folder}/`), ...files.map((file) => `^${file}$`)];
  const allowed = [...local, ...packagePaths(packages)];
  const builtinsAllowed = builtins ? { dependencyTypesNot: ["core"] } : {};
  return [
    {
      name: `${name}-imports`,
      severity: "error",
      comment: `${path} may import: ${allowed.join(" ")}${builtins ? " and Node's modules" : ""}`,
      from: { path, pathNot: TEST_FILE },
      to: { pathNot: allowed, ...builtinsAllowed },
    },
    {
      name: `${name}-test-imports`,
      severity: "error",
      comment: "A test may import what its folder may, the test libraries, and test/builders and test/contract.",
      from: { path: `${path}.*${TEST_FILE}` },
      to: {
        pathNot: [
          ...allowed,
          ...testFiles.map((file) => `^${file}$`),
          ...packagePaths(TEST_PACKAGES),
          "^test/(builders|contract)/",
        ],
        ...builtinsAllowed,
      },
    },
  ];
}

function packagePaths(packages) {
  return packages.map((name) => `(^|/)node_modules/${name}/`);
}

const GENERAL = [
  {
    name: "no-cycles",
    severity: "error",
    from: {},
    to: { circular: true },
  },
  {
    name: "nothing-imports-tests",
    severity: "error",
    comment: "What ships must not need test or bench, and a test is nobody's library.",
    from: { pathNot: ["^test/", TEST_FILE] },
    to: { path: ["^test/", TEST_FILE] },
  },
  {
    name: "nothing-imports-bench",
    severity: "error",
    from: { pathNot: "^bench/" },
    to: { path: "^bench/" },
  },
  {
    name: "console-types-only",
    severity: "error",
    comment: "The console speaks HTTP; of the contract it may know the types.",
    from: { path: "^console/" },
    to: { path: "^shared/contract/", dependencyTypesNot: ["type-only"] },
  },
  {
    name: "only-known-folders",
    severity: "error",
    comment: "A new folder gets a line in the table first.",
    from: {
      pathNot: [...TABLE.map(({ path }) => path), "^(test|bench|scripts|localstack)/", "^[^/]+$", "node_modules"],
    },
    to: {},
  },
  {
    name: "no-orphans",
    severity: "error",
    comment: "Nothing imports it and it imports nothing: delete it, or use it.",
    from: {
      orphan: true,
      // Started, loaded or read by name, not imported.
      pathNot: [
        TEST_FILE,
        "[.]d[.]ts$",
        "[.]dag[.]ts$",
        "^cli/(bin/|main[.]ts$)",
        "^lambdas/[^/]+/handler[.]ts$",
        "^shared/aws/runner/thread-main[.]ts$",
        "^infra/(app|index|worker-build)[.]ts$",
        "^workers/main[.]ts$",
        "^(test|bench|scripts|localstack)/",
        "^[^/]+$",
      ],
    },
    to: {},
  },
  {
    name: "no-unresolvable",
    severity: "error",
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: "no-undeclared-packages",
    severity: "error",
    comment: "A package that only another package brought along disappears without notice.",
    from: {},
    to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
  },
  {
    name: "no-development-packages",
    severity: "error",
    comment: "What ships runs without devDependencies.",
    from: { path: "^(shared|cli|dags)/", pathNot: TEST_FILE },
    to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
  },
];

export default {
  forbidden: [...TABLE.flatMap(refusals), ...GENERAL],
  options: {
    parser: "swc", // TypeScript 7 has no JavaScript API; without a parser every file would pass unread.
    tsPreCompilationDeps: true, // Imports of types count.
    moduleSystems: ["es6"],
    doNotFollow: { path: "node_modules" },
    exclude: { path: ["^(tmp|coverage|cdk[.]out|[.]freshet|[.]git)/", "^dags/data/"] },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
