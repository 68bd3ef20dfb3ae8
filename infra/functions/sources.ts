/** The source of each function, and of the worker: by the name of a module, its file. */
import type { Entries } from "./build.ts";

export const FUNCTION_SOURCES = {
  scheduler: { handler: "lambdas/scheduler/handler.ts" },
  tick: { handler: "lambdas/tick/handler.ts" },
  register: { handler: "lambdas/register/handler.ts" },
  executor: { handler: "lambdas/executor/handler.ts", thread: "shared/aws/runner/thread-main.ts" },
} as const satisfies Readonly<Record<string, Entries>>;

export const WORKER_SOURCE: Entries = { worker: "workers/main.ts", thread: "shared/aws/runner/thread-main.ts" };

export type FunctionName = keyof typeof FUNCTION_SOURCES;
