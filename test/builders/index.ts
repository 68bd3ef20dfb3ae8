/** Values of every record with sensible defaults: a test names only what it is about. */
export * from "./attempt.ts";
export * from "./backfill.ts";
export * from "./dag.ts";
export * from "./folder.ts";
export * from "./hand.ts";
export * from "./manifest.ts";
export * from "./run.ts";
export * from "./scene.ts";
export * from "./times.ts";
export * from "./pool.ts";
