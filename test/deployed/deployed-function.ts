/** One function of a deployment, through the AWS Lambda API. */
import { setTimeout as pause } from 'node:timers/promises';
import { paginateListFunctions, type FunctionConfiguration, type Lambda } from '@aws-sdk/client-lambda';

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
    client: Lambda,
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
    const { Aliases = [] } = await client.listAliases({ FunctionName });
    return new DeployedFunction(client, configuration, Aliases[0]?.Name);
  }

  private constructor(
    private readonly client: Lambda,
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
    const { Payload, FunctionError } = await this.client.invoke({
      FunctionName,
      Payload: Buffer.from(JSON.stringify(event)),
    });
    const text = Buffer.from(Payload ?? []).toString('utf8');
    return {
      payload: text === '' ? null : (JSON.parse(text) as unknown),
      failed: FunctionError !== undefined,
    };
  }

  /** The provisioned concurrency of the alias: the number, and whether it is ready. */
  async provisioned(): Promise<{ available: number; status: string }> {
    const { FunctionName } = this.configuration;
    const answer = await this.client.getProvisionedConcurrencyConfig({ FunctionName, Qualifier: this.alias });
    const { AvailableProvisionedConcurrentExecutions: available = 0, Status: status = '' } = answer;
    return { available, status };
  }

  /** Adds variables to the deployed ones, and waits until callers have them: as a new version, if there is an alias. */
  async setVariables(variables: Readonly<Record<string, string>>): Promise<void> {
    await this.setUnpublishedVariables(variables);
    if (this.alias === undefined) return;
    const { FunctionName } = this.configuration;
    const { Version } = await this.client.publishVersion({ FunctionName });
    await this.client.updateAlias({ FunctionName, Name: this.alias, FunctionVersion: Version });
  }

  /** Adds variables to the deployed ones, only for the function itself. */
  async setUnpublishedVariables(variables: Readonly<Record<string, string>>): Promise<void> {
    const { FunctionName } = this.configuration;
    const deployed = this.configuration.Environment?.Variables ?? {};
    await this.client.updateFunctionConfiguration({
      FunctionName,
      Environment: { Variables: { ...deployed, ...variables } },
    });
    for (let looks = 0; looks < LOOKS; looks += 1) {
      const { LastUpdateStatus } = await this.client.getFunctionConfiguration({ FunctionName });
      if (LastUpdateStatus !== 'InProgress') return;
      await pause(BETWEEN_LOOKS_MS);
    }
    throw new Error(`${FunctionName}: the new configuration is not in effect`);
  }
}
