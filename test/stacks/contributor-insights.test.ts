/** `contributorInsights`: who calls most, and which keys DynamoDB throttles. */
import { AccessLogField } from 'aws-cdk-lib/aws-apigateway';
import { AgentIdentity } from '../../lib';
import { accessLogFormat } from '../../lib/constructs/access-log';
import { consumerStack, standardTemplate, templateOf, written, type ConsumerTemplate } from './consumer';
import { resourcesOf } from './synthesis';

interface Rule {
  readonly Contribution: { readonly Keys: string[]; readonly Filters: { readonly Match: string }[] };
  readonly LogGroupNames: string[];
}

const RULE = 'AWS::CloudWatch::InsightRule';

const replicasOf = (template: ConsumerTemplate): Record<string, unknown>[] =>
  resourcesOf(template, 'AWS::DynamoDB::GlobalTable').flatMap(
    ([, { Properties }]) => Properties.Replicas as Record<string, unknown>[],
  );

function template(): ConsumerTemplate {
  const stack = consumerStack();
  new AgentIdentity(stack, 'Identity', { contributorInsights: true });
  return templateOf(stack);
}

it('is off by default', () => {
  expect(resourcesOf(standardTemplate(), RULE)).toEqual([]);
  for (const replica of replicasOf(standardTemplate())) {
    expect(replica).not.toHaveProperty('ContributorInsightsSpecification');
  }
});

it('ranks signed requests in the access log by caller', () => {
  const rules = resourcesOf(template(), RULE).map(([, rule]) => written(rule.Properties));
  expect(rules).toEqual([
    expect.objectContaining({ RuleName: 'agent-identity-Consumer.Identity-requests-by-caller' }),
    expect.objectContaining({ RuleName: 'agent-identity-Consumer.Identity-refused-requests-by-caller' }),
  ]);
  const logged = JSON.parse(accessLogFormat('any').toString()) as Record<string, string>;
  for (const rule of rules) {
    const { Contribution, LogGroupNames } = JSON.parse((rule as { RuleBody: string }).RuleBody) as Rule;
    expect(LogGroupNames).toEqual([expect.stringContaining('AccessLog')]);
    expect(Contribution.Keys).toEqual(['$.callerArn']);
    // Members that the access log has.
    for (const path of [...Contribution.Keys, ...Contribution.Filters.map(({ Match }) => Match)]) {
      expect(Object.keys(logged)).toContain(path.slice('$.'.length));
    }
  }
  expect(logged.callerArn).toBe(AccessLogField.contextIdentityUserArn());
});

it('shows the throttled keys of each table', () => {
  const replicas = replicasOf(template());
  expect(replicas).toHaveLength(5);
  for (const replica of replicas) {
    expect(replica.ContributorInsightsSpecification).toEqual({ Enabled: true, Mode: 'THROTTLED_KEYS' });
  }
});
