/** CloudFormation's custom resources: makes the DAGs of a deployment the ones that new runs get. */
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware";
import middy from "@middy/core";
import { answerRequest, type ResourceRequest } from "../../shared/aws/deployment/custom-resource.ts";
import { act, logger, tracing } from "./wiring.ts";

export const handler = middy<ResourceRequest>()
  .use(tracing)
  .use(injectLambdaContext(logger))
  .handler((request) => answerRequest(request, () => act(request.RequestType, request.ResourceProperties)));
