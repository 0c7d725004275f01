/** The deployed functions of the service, found by their descriptions. */
import type { FunctionConfiguration, Lambda } from '@aws-sdk/client-lambda';
import { FUNCTION_GROUPS, type FunctionGroup } from '../../lambda/operations/groups';
import { DeployedFunction, type Invocation } from './deployed-function';
import { serviceStageVariables } from './stage-variables';

export class DeployedFunctions {
  private constructor(
    private readonly byGroup: ReadonlyMap<FunctionGroup, DeployedFunction>,
    /** What API Gateway adds to the events of these functions. */
    readonly stageVariables: Readonly<Record<string, string>>,
  ) {}

  /** @throws Error that names a group without a function. Only with an issuer that is polled, there is an `event-poll`. */
  static async find(client: Lambda): Promise<DeployedFunctions> {
    const found = new Map<FunctionGroup, DeployedFunction>();
    for (const group of FUNCTION_GROUPS) {
      const description = `agent-identity: ${group}`;
      const finding = DeployedFunction.find(
        client,
        `of the group ${group}`,
        ({ Description }) => Description === description,
      );
      const deployed = await (group === 'event-poll' ? finding.catch(() => undefined) : finding);
      if (deployed) found.set(group, deployed);
    }
    const { DEPLOYMENT_NAME } = found.get('control-plane')?.configuration.Environment?.Variables ?? {};
    // The placeholder of the last release has neither a name nor variables.
    if (DEPLOYMENT_NAME === undefined) return new DeployedFunctions(found, {});
    const region = await client.config.region();
    return new DeployedFunctions(found, await serviceStageVariables(DEPLOYMENT_NAME, region));
  }

  get groups(): readonly FunctionGroup[] {
    return [...this.byGroup.keys()];
  }

  of(group: FunctionGroup): DeployedFunction {
    const found = this.byGroup.get(group);
    if (!found) throw new Error(`there is no function of the group ${group}`);
    return found;
  }

  configuration(group: FunctionGroup): FunctionConfiguration {
    return this.of(group).configuration;
  }

  /** A variable of the function's environment, as deployed. */
  variable(group: FunctionGroup, name: string): string {
    return this.of(group).variable(name);
  }

  invoke(group: FunctionGroup, event: unknown): Promise<Invocation> {
    return this.of(group).invoke(event);
  }

  /** Adds variables to the deployed ones, and waits until they are in effect. */
  setVariables(group: FunctionGroup, variables: Readonly<Record<string, string>>): Promise<void> {
    return this.of(group).setVariables(variables);
  }
}
