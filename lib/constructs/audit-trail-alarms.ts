/** The alarms of an audit trail in Amazon S3. */
import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmRules } from './alarms';
import type { MonitoredResources } from './monitored-resources';
import { FIVE_MINUTES, deploymentMetric, functionMetric } from './service-metrics';

/** Returns the rules of the audit trail; none without one. */
export const auditTrailAlarmRules = ({ deployment, auditTrail }: MonitoredResources): AlarmRules =>
  auditTrail
    ? {
        'audit-digest-failed': {
          description:
            'The audit trail was not locked, or its digest failed: an earlier digest might have been removed or changed.',
          metric: functionMetric(auditTrail.digestFunction, 'Errors', { label: 'errors' }),
          threshold: 0,
          periods: 1,
        },
        'audit-digest-late': {
          description: 'No digest of the audit trail was written for two hours.',
          metric: new MathExpression({
            expression: 'IF(digests < 1, 1, 0)',
            usingMetrics: {
              digests: deploymentMetric(deployment, 'AuditDigest', { period: Duration.hours(1) }),
            },
            period: Duration.hours(1),
            label: 'hours without a digest',
          }),
          threshold: 0,
          periods: 2,
          missing: TreatMissingData.BREACHING,
        },
        'audit-delivery-late': {
          description: 'Audit entries wait for more than 30 minutes for their delivery to the bucket.',
          metric: new Metric({
            namespace: 'AWS/Firehose',
            metricName: 'DeliveryToS3.DataFreshness',
            dimensionsMap: { DeliveryStreamName: auditTrail.deliveryStreamName },
            statistic: Stats.MAXIMUM,
            period: FIVE_MINUTES,
            label: 'age of the oldest entry (s)',
          }),
          threshold: 1800,
          periods: 1,
        },
        'audit-subscription-failed': {
          description: 'CloudWatch Logs cannot pass audit entries to Amazon Data Firehose.',
          metric: new MathExpression({
            expression: `SELECT SUM(DeliveryErrors) FROM SCHEMA("AWS/Logs", DestinationType, FilterName, LogGroupName) WHERE FilterName = '${auditTrail.subscriptionName}'`,
            usingMetrics: {},
            period: FIVE_MINUTES,
            label: 'entries that were not passed on',
          }),
          threshold: 0,
          periods: 1,
        },
      }
    : {};
