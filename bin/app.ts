/**
 * The CDK app: the two stacks, and the checks that fail the synthesis.
 *
 * Trusted issuers come from the context `trustedIssuers`, as an array in cdk.json or as JSON on the
 * command line: `cdk deploy --all -c trustedIssuers='[{"discoveryUrl":"https://…","allowedAudience":["…"]}]'`.
 * The KMS keys that the token vault may be moved to come likewise from `tokenVaultKeys`, an array of ARNs, and memory
 * and concurrency of single functions from `functions`, an object by function group.
 */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import * as v from 'valibot';
import { parseTrustedIssuers } from '../lambda/contract/configuration';
import { parseSettingsOfFunctions } from '../lib/constructs/function-settings';
import { StatefulStack, StatelessStack } from '../lib';

const app = new App();

/** The context as JSON. */
function contextOf(name: string, absent: object): string {
  const context: unknown = app.node.tryGetContext(name) ?? absent;
  return typeof context === 'string' ? context : JSON.stringify(context);
}

const trustedIssuers = parseTrustedIssuers(contextOf('trustedIssuers', []));
const tokenVaultKeys = v.parse(
  v.pipe(v.string(), v.parseJson(), v.array(v.string(), 'tokenVaultKeys must be an array of ARNs')),
  contextOf('tokenVaultKeys', []),
);
const functions = parseSettingsOfFunctions(contextOf('functions', {}));

const state = new StatefulStack(app, 'AgentIdentityStateful', {
  description: 'agent-identity: tables and key',
});
new StatelessStack(app, 'AgentIdentityStateless', {
  description: 'agent-identity: functions and API',
  state,
  trustedIssuers,
  tokenVaultKeys,
  functions,
});

Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
