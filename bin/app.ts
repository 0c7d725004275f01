/**
 * The CDK app: the two stacks, and the checks that fail the synthesis.
 *
 * Configuration comes from the context, in cdk.json or as JSON on the command line:
 * `cdk deploy --all -c trustedIssuers='[{"discoveryUrl":"https://…","allowedAudience":["…"]}]'`.
 *
 * - `trustedIssuers`: an array of trusted issuers.
 * - `tokenVaultKeys`: an array of ARNs of the KMS keys that the token vault can be moved to.
 * - `cloudWatchRole`: `false` leaves the account's role for API Gateway's logs alone.
 * - `callers`: other accounts that can call the service, as an object with `accountIds`, `organizationId`, or both.
 * - `functions`: memory and concurrency, as an object with the members of `ServiceFunctionSettings`.
 */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import * as v from 'valibot';
import { parseTrustedIssuers } from '../lambda/contract/configuration';
import { parseFunctionSettings } from '../lib/constructs/function-settings';
import { IdentityStateStack, IdentityServiceStack, type DeployedIssuer } from '../lib';

const app = new App();

/** Returns a value of the context as JSON. */
function contextJson(name: string, defaultValue: object | boolean | null): string {
  const context: unknown = app.node.tryGetContext(name) ?? defaultValue;
  return typeof context === 'string' ? context : JSON.stringify(context);
}

// The parsed type allows undefined members and readonly arrays, but JSON contains neither.
const trustedIssuers = parseTrustedIssuers(contextJson('trustedIssuers', [])) as DeployedIssuer[];
const tokenVaultKeys = v.parse(
  v.pipe(v.string(), v.parseJson(), v.array(v.string(), 'tokenVaultKeys: must be an array of ARNs')),
  contextJson('tokenVaultKeys', []),
);
const cloudWatchRole = v.parse(
  v.pipe(v.string(), v.parseJson(), v.boolean('cloudWatchRole: must be true or false')),
  contextJson('cloudWatchRole', true),
);
const callers = v.parse(
  v.pipe(
    v.string(),
    v.parseJson(),
    v.nullable(
      v.strictObject({
        accountIds: v.exactOptional(v.array(v.string())),
        organizationId: v.exactOptional(v.string()),
        manageResources: v.exactOptional(v.boolean()),
      }),
    ),
  ),
  contextJson('callers', null),
);
const functions = parseFunctionSettings(contextJson('functions', {}));

// The ids are the names of the stacks in the account. They keep these words, although the classes have others: under new
// names, the next deployment of an existing service would create empty tables next to the existing ones.
const state = new IdentityStateStack(app, 'AgentIdentityStateful', {
  description: 'agent-identity: tables and key',
});
new IdentityServiceStack(app, 'AgentIdentityStateless', {
  description: 'agent-identity: functions and API',
  state,
  trustedIssuers,
  tokenVaultKeys,
  cloudWatchRole,
  ...(callers && { callers }),
  functions,
});

Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
