/**
 * Public list prices of us-east-1 in US dollars, without free tiers and discounts, from the first tier of each. The source
 * is stored copies of public pages of 25 November 2026; the prices were not compared with a bill.
 */
export const PRICES = {
  /** One request of a REST API. https://aws.amazon.com/api-gateway/pricing/ */
  apiRequest: 3.5 / 1e6,
  /** One invocation. https://aws.amazon.com/lambda/pricing/ */
  invocation: 0.2 / 1e6,
  /** One GB-second on ARM. https://aws.amazon.com/lambda/pricing/ */
  gigabyteSecond: 0.0000133334,
  /** On demand, since November 2024: up to 4 KB, strongly consistent. https://aws.amazon.com/dynamodb/pricing/on-demand/ */
  readUnit: 0.125 / 1e6,
  /** On demand, since November 2024: up to 1 KB. */
  writeUnit: 0.625 / 1e6,
  /** One GB in a table for a month. */
  tableGigabyteMonth: 0.25,
  /** Point-in-time recovery of one GB in a table for a month. */
  recoveryGigabyteMonth: 0.2,
  /** One call with a symmetric key. https://aws.amazon.com/kms/pricing/ */
  kmsCall: 0.03 / 1e4,
  /** One key for a month, plus the same amount for each of its first two rotations. */
  kmsKeyMonth: 1,
  /** Ingestion of one GB. https://aws.amazon.com/cloudwatch/pricing/ */
  logGigabyte: 0.5,
  /** One custom metric for a month: the first 10,000, and the next 240,000. */
  metricMonth: [0.3, 0.1],
  /** One metric of an alarm for a month. A query costs this amount for each metric that it reads. */
  alarmMetricMonth: 0.1,
  dashboardMonth: 3,
  /** One GB from CloudWatch Logs through Amazon Data Firehose. https://aws.amazon.com/firehose/pricing/ */
  deliveredGigabyte: 0.029,
  /** One PUT. https://aws.amazon.com/s3/pricing/ */
  putObject: 5 / 1e6,
  /** One GET. */
  getObject: 0.4 / 1e6,
  /** One signature with an asymmetric key, except RSA 2048. https://aws.amazon.com/kms/pricing/ */
  kmsSignature: 0.15 / 1e4,
  /** One recorded trace. https://aws.amazon.com/xray/pricing/ */
  trace: 5 / 1e6,
  /**
   * Amazon Bedrock AgentCore Identity: a request for an OAuth token or an API key, $0.010 per 1,000; free through
   * AgentCore Runtime or Gateway. https://aws.amazon.com/bedrock/agentcore/pricing/, as quoted by AWS in
   * aws/agent-toolkit-for-aws, agents-optimize/references/cost.md.
   */
  agentCoreRequest: 0.01 / 1e3,
} as const;
