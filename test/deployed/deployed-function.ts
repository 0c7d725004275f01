/** One function of a deployment, through the AWS Lambda API. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  GetFunctionConfigurationCommand,
  GetProvisionedConcurrencyConfigCommand,
  InvokeCommand,
  ListAliasesCommand,
  paginateListFunctions,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
  type FunctionConfiguration,
  type LambdaClient,
} from '@aws-sdk/client-lambda';

/** Limit for Lambda to apply a changed configuration: the number of checks, and the milliseconds between them. */
const LOOKS = 100;
const BETWEEN_LOOKS_MS = 200;

/** The result of an invocation. */
export interface Invocation {
  readonly payload: unknown;
  /** Whether the function threw, or did not load. */
  readonly failed: boolean;
}

export class DeployedFunction {
  /** @throws Error if there is none, or more than one */
  static async find(
    client: LambdaClient,
    name: string,
    is: (configuration: FunctionConfiguration) => boolean,
  ): Promise<DeployedFunction> {
    const found: FunctionConfiguration[] = [];
    for await (const page of paginateListFunctions({ client }, {})) {
      found.push(...(page.Functions ?? []).filter(is));
    }
    const [configuration, ...others] = found;
    if (!configuration) throw new Error(`there is no function ${name}`);
    if (others.length > 0) throw new Error(`there are ${found.length} functions ${name}`);
    const { FunctionName } = configuration;
    const { Aliases = [] } = await client.send(new ListAliasesCommand({ FunctionName }));
    return new DeployedFunction(client, configuration, Aliases[0]?.Name);
  }

  private constructor(
    private readonly client: LambdaClient,
    readonly configuration: FunctionConfiguration,
    /** What callers invoke; undefined if they invoke the function itself. */
    private readonly alias: string | undefined,
  ) {}

  /** A variable of the function's environment, as deployed. */
  variable(name: string): string {
    const value = this.configuration.Environment?.Variables?.[name];
    if (value === undefined) throw new Error(`${this.configuration.FunctionName} has no variable ${name}`);
    return value;
  }

  /** The name with which callers invoke it: that of the alias, if there is one. */
  get invokedName(): string {
    const { FunctionName = '' } = this.configuration;
    return this.alias === undefined ? FunctionName : `${FunctionName}:${this.alias}`;
  }

  invoke(event: unknown): Promise<Invocation> {
    return this.invokeAs(this.invokedName, event);
  }

  /** Invokes the function itself, even if callers invoke an alias. */
  invokeUnpublished(event: unknown): Promise<Invocation> {
    return this.invokeAs(this.configuration.FunctionName, event);
  }

  private async invokeAs(FunctionName: string | undefined, event: unknown): Promise<Invocation> {
    const { Payload, FunctionError } = await this.client.send(
      new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)) }),
    );
    const text = Buffer.from(Payload ?? []).toString('utf8');
    return {
      payload: text === '' ? null : (JSON.parse(text) as unknown),
      failed: FunctionError !== undefined,
    };
  }

  /** The provisioned concurrency of the alias: the number, and whether it is ready. */
  async provisioned(): Promise<{ available: number; status: string }> {
    const { FunctionName } = this.configuration;
    const answer = await this.client.send(
      new GetProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier: this.alias }),
    );
    const { AvailableProvisionedConcurrentExecutions: available = 0, Status: status = '' } = answer;
    return { available, status };
  }

  /** Adds variables to the deployed ones, and waits until callers have them: as a new version, if there is an alias. */
  async setVariables(variables: Readonly<Record<string, string>>): Promise<void> {
    await this.setUnpublishedVariables(variables);
    if (this.alias === undefined) return;
    const { FunctionName } = this.configuration;
    const { Version } = await this.client.send(new PublishVersionCommand({ FunctionName }));
    await this.client.send(
      new UpdateAliasCommand({ FunctionName, Name: this.alias, FunctionVersion: Version }),
    );
  }

  /** Adds variables to the deployed ones, only for the function itself. */
  async setUnpublishedVariables(variables: Readonly<Record<string, string>>): Promise<void> {
    const { FunctionName } = this.configuration;
    const deployed = this.configuration.Environment?.Variables ?? {};
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
    throw new Error(`${FunctionName}: the new configuration is not in effect`);
  }
}
