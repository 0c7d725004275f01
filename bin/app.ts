/**
 * The CDK app: the two stacks, and the checks that fail the synthesis.
 *
 * Trusted issuers come from the context `trustedIssuers`, as an array in cdk.json or as JSON on the
 * command line: `cdk deploy --all -c trustedIssuers='[{"discoveryUrl":"https://…","allowedAudience":["…"]}]'`.
 */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { parseTrustedIssuers } from '../lambda/domain/identity/trusted-issuer';
import { StatefulStack, StatelessStack } from '../lib';

const app = new App();

const context: unknown = app.node.tryGetContext('trustedIssuers') ?? [];
const trustedIssuers = parseTrustedIssuers(typeof context === 'string' ? context : JSON.stringify(context));

const state = new StatefulStack(app, 'AgentIdentityStateful', {
  description: 'agent-identity: tables and key',
});
new StatelessStack(app, 'AgentIdentityStateless', {
  description: 'agent-identity: functions and API',
  state,
  trustedIssuers,
});

Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
