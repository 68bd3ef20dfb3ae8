/** The calls of one task of a chain, as `npm run bench -- aws` counts them; bench/aws/calls.aws.test.ts holds both together. */
export const CHAIN_CALLS = {
  "DynamoDB.GetItem": 1, // the run
  "DynamoDB.PutItem": 2, // the claim; the commit
  "DynamoDB.UpdateItem": 1, // the finish
  "SQS.DeleteMessageBatch": 2,
  "SQS.ReceiveMessage": 2,
  "SQS.SendMessageBatch": 2, // the completion; the next dispatch
} as const;
