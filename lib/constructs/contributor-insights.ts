/**
 * Rules of CloudWatch Contributor Insights that rank the callers by the requests in the access log. API Gateway has no
 * limit and no metric for each IAM principal.
 * Source: CloudWatch user guide, "Contributor Insights rule syntax in CloudWatch".
 */
import { CfnInsightRule } from 'aws-cdk-lib/aws-cloudwatch';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

interface Filter {
  readonly Match: string;
  readonly StartsWith: readonly string[];
}

/** API Gateway writes `-` for requests without a signature. */
const SIGNED: Filter = { Match: '$.callerArn', StartsWith: ['arn:'] };
const REFUSED: Filter = { Match: '$.status', StartsWith: ['4'] };

/** The prop of both stacks, and of a deployment in one stack. */
export interface ContributorInsightsOptions {
  /**
   * Whether CloudWatch Contributor Insights ranks the callers by their requests and by their refused requests, and shows
   * the keys whose requests DynamoDB throttles. The keys contain names of agents and providers, and hashes of users. All of
   * it costs $6 a month, $1 for the callers and $5 for the five tables, and $0.02 for a million requests. A stack with the
   * tables alone, or with the service alone, has only its part.
   * @default false
   */
  readonly contributorInsights?: boolean;
}

export interface ContributorInsightsProps {
  /** Name of the deployment, which makes the rules' names unique in the account. */
  readonly deployment: string;
  /** Log group of the API's access log. */
  readonly accessLog: ILogGroup;
}

export class ContributorInsights extends Construct {
  constructor(scope: Construct, id: string, { deployment, accessLog }: ContributorInsightsProps) {
    super(scope, id);
    const rank = (name: string, what: string, filters: readonly Filter[]): CfnInsightRule =>
      new CfnInsightRule(this, name, {
        ruleName: `agent-identity-${deployment}-${what}`,
        ruleState: 'ENABLED',
        ruleBody: JSON.stringify({
          Schema: { Name: 'CloudWatchLogRule', Version: 1 },
          LogGroupNames: [accessLog.logGroupName],
          LogFormat: 'JSON',
          Contribution: { Keys: ['$.callerArn'], Filters: filters },
          AggregateOn: 'Count',
        }),
      });
    rank('Requests', 'requests-by-caller', [SIGNED]);
    rank('Refused', 'refused-requests-by-caller', [SIGNED, REFUSED]);
  }
}
