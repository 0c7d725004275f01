/** The deployed functions of the service, found by their descriptions. */
import type { FunctionConfiguration, LambdaClient } from '@aws-sdk/client-lambda';
import { FUNCTION_GROUPS, type FunctionGroup } from '../../lambda/operations/groups';
import { DeployedFunction, type Invocation } from './deployed-function';
import { serviceStageVariables } from './stage-variables';

export class DeployedFunctions {
  private constructor(
    private readonly byGroup: Readonly<Record<FunctionGroup, DeployedFunction>>,
    /** What API Gateway adds to the events of these functions. */
    readonly stageVariables: Readonly<Record<string, string>>,
  ) {}

  /** @throws Error that names a group without a function */
  static async find(client: LambdaClient): Promise<DeployedFunctions> {
    const entries = FUNCTION_GROUPS.map(async (group) => {
      const description = `agent-identity: ${group}`;
      const found = await DeployedFunction.find(
        client,
        `of the group ${group}`,
        ({ Description }) => Description === description,
      );
      return [group, found] as const;
    });
    const found = Object.fromEntries(await Promise.all(entries)) as Record<FunctionGroup, DeployedFunction>;
    const { DEPLOYMENT_NAME } = found['control-plane'].configuration.Environment?.Variables ?? {};
    // The placeholder of the last release has neither a name nor variables.
    if (DEPLOYMENT_NAME === undefined) return new DeployedFunctions(found, {});
    const region = await client.config.region();
    return new DeployedFunctions(found, await serviceStageVariables(DEPLOYMENT_NAME, region));
  }

  of(group: FunctionGroup): DeployedFunction {
    return this.byGroup[group];
  }

  configuration(group: FunctionGroup): FunctionConfiguration {
    return this.byGroup[group].configuration;
  }

  /** A variable of the function's environment, as deployed. */
  variable(group: FunctionGroup, name: string): string {
    return this.byGroup[group].variable(name);
  }

  invoke(group: FunctionGroup, event: unknown): Promise<Invocation> {
    return this.byGroup[group].invoke(event);
  }

  /** Adds variables to the deployed ones, and waits until they are in effect. */
  setVariables(group: FunctionGroup, variables: Readonly<Record<string, string>>): Promise<void> {
    return this.byGroup[group].setVariables(variables);
  }
}
