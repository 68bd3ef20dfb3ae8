/** The deployment after a restore: on the tables that docs/runbooks/restore.md has made. */
import { App } from "aws-cdk-lib";
import { RESTORED } from "../restored.ts";
import { localStack } from "./local-stack.ts";

localStack(new App(), { restoredTables: RESTORED });
