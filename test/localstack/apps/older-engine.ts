/** The deployment of an engine that knows less than the one whose tables are there. */
import { App, type CfnResource } from "aws-cdk-lib";
import { ENGINE_SCHEMA } from "../../../shared/aws/dynamo/tables.ts";
import { localStack } from "./local-stack.ts";

const stack = localStack(new App());
const check = stack.freshet.node.findChild("EngineCheck").node.defaultChild as CfnResource;
check.addPropertyOverride("schema", String(ENGINE_SCHEMA - 1));
for (const { function: fn } of [stack.freshet.scheduler, stack.freshet.tick, ...stack.freshet.executors.values()])
  fn.addEnvironment("TRIAL", "an older engine");
