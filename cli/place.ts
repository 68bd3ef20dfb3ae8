import { realpathSync } from "node:fs";
import type { Invocation } from "./command.ts";

/** The folders that loading and bundling go by, by their real paths, as Node names modules. */
export interface Place {
  readonly root: string;
  /** What paths in messages are relative to. */
  readonly cwd: string;
}

export const placeOf = ({ project, cwd }: Pick<Invocation, "project" | "cwd">): Place => ({
  root: realpathSync.native(project.root),
  cwd: realpathSync.native(cwd),
});
