/** Prices of us-east-1 in dollars, without free tiers; docs/benchmarks.md says where they are from. */
export const PRICES = {
  sqsRequest: 0.4e-6,
  lambdaRequest: 0.2e-6,
  /** arm64. */
  lambdaGbSecond: 0.0000133334,
  dynamoReadUnit: 0.125e-6,
  dynamoWriteUnit: 0.625e-6,
  busEvent: 1e-6,
  logGb: 0.5,
  alarmMonth: 0.1,
  kmsKeyMonth: 1,
  secretMonth: 0.4,
  natGatewayMonth: 32.85,
} as const;
