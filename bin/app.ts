/**
 * The CDK app: the two stacks, and the checks that fail the synthesis. `agent-identity.config.ts` in this folder
 * configures them (docs/configuration.md).
 */
import { App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { Construct } from 'constructs';
import { addIdentityState } from '../lib/constructs/identity-state';
import { IdentityServiceStack } from '../lib';
import { ConfigurationError, withConfigurationErrors, readConfiguration } from './configuration/file';
import { propsOf } from './configuration/members';

const app = new App();

/** A fault of the configuration is one message, without the stack trace of this program. */
function exitOnConfigurationError<Result>(make: () => Result): Result {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(1);
  }
}

const folder = process.cwd();
const context = app.node.getAllContext() as Record<string, unknown>;
const stated = exitOnConfigurationError(() => readConfiguration(folder, context));

function addStacks(): void {
  const { env, tags, terminationProtection } = stated;
  const stackProps = {
    ...(env && { env }),
    ...(tags && { tags }),
    ...(terminationProtection !== undefined && { terminationProtection }),
  };

  // The ids are the names of the stacks in the account. They keep these words, although the classes have others: under new
  // names, the next deployment of an existing service would create empty tables next to the existing ones.
  const stateStack = new Stack(app, 'AgentIdentityStateful', {
    description: 'agent-identity: tables and key',
    ...stackProps,
  });
  const props = propsOf(stated, new Construct(stateStack, 'Configuration'));
  const state = addIdentityState(stateStack, props);
  new IdentityServiceStack(app, 'AgentIdentityStateless', {
    description: 'agent-identity: functions and API',
    ...stackProps,
    ...props,
    state,
  });
}

exitOnConfigurationError(() => {
  withConfigurationErrors(folder, context, () => {
    addStacks();
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    app.synth();
  });
});
