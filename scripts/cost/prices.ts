/**
 * Public list prices of us-east-1 in US dollars, without free tiers and discounts: first tier of each. As they stood in
 * stored copies of AWS's and others' pages on 25 November 2026; no bill was looked at.
 */
export const PRICES = {
  /** REST API, a request. https://aws.amazon.com/api-gateway/pricing/ */
  apiRequest: 3.5 / 1e6,
  /** An invocation. https://aws.amazon.com/lambda/pricing/ */
  invocation: 0.2 / 1e6,
  /** A GB-second on ARM. https://aws.amazon.com/lambda/pricing/ */
  gigabyteSecond: 0.0000133334,
  /** On demand, since November 2024: up to 4 KB, strongly consistent. https://aws.amazon.com/dynamodb/pricing/on-demand/ */
  readUnit: 0.125 / 1e6,
  /** On demand, since November 2024: up to 1 KB. */
  writeUnit: 0.625 / 1e6,
  /** A GB kept in a table for a month. */
  tableGigabyteMonth: 0.25,
  /** A GB of a table under point-in-time recovery for a month. */
  recoveryGigabyteMonth: 0.2,
  /** A call with a symmetric key. https://aws.amazon.com/kms/pricing/ */
  kmsCall: 0.03 / 1e4,
  /** A key, a month; and one more for each of its first two rotations. */
  kmsKeyMonth: 1,
  /** A GB taken in. https://aws.amazon.com/cloudwatch/pricing/ */
  logGigabyte: 0.5,
  /** A custom metric, a month: the first 10,000, and the next 240,000. */
  metricMonth: [0.3, 0.1],
  /** A metric of an alarm, a month; a query counts for each metric that it looks at. */
  alarmMetricMonth: 0.1,
  dashboardMonth: 3,
  /** A trace recorded. https://aws.amazon.com/xray/pricing/ */
  trace: 5 / 1e6,
  /**
   * Amazon Bedrock AgentCore Identity: a request for an OAuth token or an API key, $0.010 for a thousand; nothing through
   * AgentCore Runtime or Gateway. https://aws.amazon.com/bedrock/agentcore/pricing/, as quoted by AWS in
   * aws/agent-toolkit-for-aws, agents-optimize/references/cost.md.
   */
  agentCoreRequest: 0.01 / 1e3,
} as const;
