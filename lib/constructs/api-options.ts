/** The props that every API of this package has. */
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';

/** The alarms, logs, and TLS of an API and its functions. */
export interface ApiOptions {
  /**
   * Topic that receives a message when an alarm starts and when it ends. If the topic is encrypted, its key policy must
   * allow `cloudwatch.amazonaws.com` to use the key.
   * @default - alarms send no messages
   */
  readonly alarmsTopic?: ITopic;
  /**
   * Address of the runbook that the alarms link to, each with the fragment of its entry.
   * @default - docs/runbook.md, as in this package
   */
  readonly runbook?: string;
  /**
   * Retention of API Gateway's access log.
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;
  /**
   * Retention of the functions' logs, which contain the audit log.
   * @default RetentionDays.ONE_YEAR
   */
  readonly auditRetention?: RetentionDays;
  /**
   * Security policy (TLS versions and cipher suites) of the API and of its domain name: `TLS_1_2`, or a policy for Regional
   * endpoints, whose name begins with `SecurityPolicy_TLS13_`.
   * @default SecurityPolicy_TLS13_1_2_2021_06 - TLS 1.3 and 1.2
   */
  readonly securityPolicy?: string;
}
