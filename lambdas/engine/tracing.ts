/** Traces, in the functions of environments that ask for them: what records them takes long to load. */
import { Tracer } from "@aws-lambda-powertools/tracer";
import { captureLambdaHandler } from "@aws-lambda-powertools/tracer/middleware";

export const capture = () => captureLambdaHandler(new Tracer(), { captureResponse: false });
