/** The functions of a deployment, found by their descriptions and reached by AWS's Lambda API. */
import { setTimeout as pause } from 'node:timers/promises';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetFunctionConfigurationCommand,
  GetProvisionedConcurrencyConfigCommand,
  InvokeCommand,
  paginateListFunctions,
  UpdateFunctionConfigurationCommand,
  type FunctionConfiguration,
} from '@aws-sdk/client-lambda';
import { FUNCTION_GROUPS, type FunctionGroup } from '../../lambda/api/operations';

/** How long Lambda may take to put a changed configuration into effect, in looks and milliseconds between them. */
const LOOKS = 100;
const BETWEEN_LOOKS_MS = 200;

/** What an invocation came to. */
export interface Invocation {
  readonly payload: unknown;
  /** Whether the function threw, or did not load. */
  readonly failed: boolean;
}

export class DeployedFunctions {
  private constructor(
    private readonly client: LambdaClient,
    private readonly configurations: Readonly<Record<FunctionGroup, FunctionConfiguration>>,
  ) {}

  /** @throws Error naming the groups that have no function */
  static async find(client: LambdaClient): Promise<DeployedFunctions> {
    const found: FunctionConfiguration[] = [];
    for await (const page of paginateListFunctions({ client }, {})) found.push(...(page.Functions ?? []));
    const entries = FUNCTION_GROUPS.map((group) => {
      const configuration = found.find(({ Description }) => Description === `agent-identity: ${group}`);
      if (!configuration) throw new Error(`there is no function of the group ${group}`);
      return [group, configuration] as const;
    });
    return new DeployedFunctions(
      client,
      Object.fromEntries(entries) as Record<FunctionGroup, FunctionConfiguration>,
    );
  }

  configuration(group: FunctionGroup): FunctionConfiguration {
    return this.configurations[group];
  }

  /** Of the function's environment, as it was deployed. */
  variable(group: FunctionGroup, name: string): string {
    const value = this.configurations[group].Environment?.Variables?.[name];
    if (value === undefined) throw new Error(`${group} has no variable ${name}`);
    return value;
  }

  async invoke(group: FunctionGroup, event: unknown): Promise<Invocation> {
    const { FunctionName } = this.configurations[group];
    const { Payload, FunctionError } = await this.client.send(
      new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)) }),
    );
    const text = Buffer.from(Payload ?? []).toString('utf8');
    return {
      payload: text === '' ? null : (JSON.parse(text) as unknown),
      failed: FunctionError !== undefined,
    };
  }

  /** What is kept started of the function's alias: how many, and whether they are. */
  async provisioned(group: FunctionGroup, alias: string): Promise<{ available: number; status: string }> {
    const { FunctionName } = this.configurations[group];
    const answer = await this.client.send(
      new GetProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier: alias }),
    );
    const { AvailableProvisionedConcurrentExecutions: available = 0, Status: status = '' } = answer;
    return { available, status };
  }

  /** Sets variables beside those that were deployed, and waits until they are in effect. */
  async setVariables(group: FunctionGroup, variables: Readonly<Record<string, string>>): Promise<void> {
    const { FunctionName } = this.configurations[group];
    const deployed = this.configurations[group].Environment?.Variables ?? {};
    await this.client.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName,
        Environment: { Variables: { ...deployed, ...variables } },
      }),
    );
    for (let looks = 0; looks < LOOKS; looks += 1) {
      const { LastUpdateStatus } = await this.client.send(
        new GetFunctionConfigurationCommand({ FunctionName }),
      );
      if (LastUpdateStatus !== 'InProgress') return;
      await pause(BETWEEN_LOOKS_MS);
    }
    throw new Error(`${group}: the new configuration is not in effect`);
  }
}
