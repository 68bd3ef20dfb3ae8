/** A deployment that fails when all of Freshet has been updated, its DAGs included: CloudFormation has to take it back. */
import { App, CustomResource, Duration } from "aws-cdk-lib";
import { localStack } from "./local-stack.ts";

const stack = localStack(new App());
stack.freshet.scheduler.function.addEnvironment("TRIAL", "fails late");
const late = new CustomResource(stack, "Late", {
  serviceToken: stack.freshet.registrar.function.functionArn,
  serviceTimeout: Duration.minutes(1),
  properties: { action: "register", bucket: stack.freshet.bucket.bucketName, key: "no-such-release" },
});
late.node.addDependency(stack.freshet);
