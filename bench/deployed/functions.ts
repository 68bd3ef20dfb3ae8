/** The deployed functions that a run needs, each with a counting proxy of its own between it and the endpoint. */
import {
  ListFunctionsCommand,
  UpdateFunctionConfigurationCommand,
  type FunctionConfiguration,
  type LambdaClient,
} from "@aws-sdk/client-lambda";
import { createCallCounter, type CallCounter } from "../../shared/aws/clients/call-counter.ts";
import { startCountingProxy } from "./proxy.ts";

export interface CountedFunction {
  /** As its construct is called: `Scheduler`, `Executor-lambda` ... */
  readonly name: string;
  /** On AWS. */
  readonly functionName: string;
  readonly counter: CallCounter;
  close(): Promise<void>;
}

/** Neither the function of the minute nor that of deployments: what they ask does not depend on the tasks. */
const takesPart = (name: string): boolean => name === "Scheduler" || name.startsWith("Executor-");

/** The functions themselves stay as they were deployed: their environment alone says where AWS is. */
export async function countFunctions(lambda: LambdaClient, endpoint: URL): Promise<readonly CountedFunction[]> {
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  const counted: CountedFunction[] = [];
  for (const fn of Functions) {
    const name = fn.Environment?.Variables?.["POWERTOOLS_SERVICE_NAME"] ?? "";
    if (takesPart(name)) counted.push(await countFunction(lambda, endpoint, name, fn));
  }
  return counted;
}

async function countFunction(
  lambda: LambdaClient,
  endpoint: URL,
  name: string,
  { FunctionName = "", Environment }: FunctionConfiguration,
): Promise<CountedFunction> {
  const counter = createCallCounter();
  const proxy = await startCountingProxy(endpoint, counter);
  const Variables = { ...Environment?.Variables, AWS_ENDPOINT_URL: proxy.url };
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
  return { name, functionName: FunctionName, counter, close: () => proxy.close() };
}
