/**
 * What the environment of the resource function says of its stack: the services that it calls, what each credential
 * provider is, and which secret belongs to it. `lambda/custom-resources/stack.ts` reads it.
 */
import { Lazy, Token, type CfnResource, type Stack } from 'aws-cdk-lib';
import { endpointFault } from '../../lambda/contract/configuration';
import { digestOf, type Definition } from '../../lambda/contract/resource-definition';
import type { StatedSecret } from '../../lambda/contract/resource-request';

/**
 * Characters for it among the function's other variables.
 * Source: AWS Lambda developer guide, "Lambda quotas": environment variables have 4 KB in all.
 */
const MAX_MANIFEST_CHARACTERS = 3_700;

/** Characters that a reference becomes at deployment, about: most are ARNs. */
const REFERENCE = 100;

/** Characters of a text at deployment, about. */
function sizeOf(resolved: unknown): number {
  if (typeof resolved === 'string') return resolved.length;
  const join = (resolved as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'];
  return join?.[0] === '' ? join[1].reduce<number>((sum, part) => sum + sizeOf(part), 0) : REFERENCE;
}

interface StatedProvider {
  readonly resource: CfnResource;
  readonly definition: Definition;
  readonly secret: StatedSecret | undefined;
}

export class ResourceFunctionManifest {
  /** For the function's environment; written when the stack is synthesized, so that every resource is in it. */
  readonly json: string;
  private readonly endpoints = new Set<string>();
  private readonly providers: StatedProvider[] = [];

  /** @param path of the function, for messages */
  constructor(
    private readonly stack: Stack,
    private readonly path: string,
  ) {
    this.json = Lazy.string({ produce: () => this.written() });
  }

  /**
   * @param endpoint of a service, without a trailing slash
   * @throws Error in plain words for one that the function would refuse, wherever it runs
   */
  addEndpoint(endpoint: string): void {
    const fault = Token.isUnresolved(endpoint) ? undefined : endpointFault(endpoint, { loopback: true });
    if (fault !== undefined) throw new Error(`${this.path}: endpoint: ${fault}`);
    this.endpoints.add(endpoint);
  }

  /** Lets a request for this resource make this credential provider, with this secret, and no other. */
  addProvider(provider: StatedProvider): void {
    this.providers.push(provider);
  }

  /** A digest, or the definition itself where CloudFormation has yet to fill in a part. */
  private stated(definition: Definition): string | Definition {
    const resolved = this.stack.resolve(definition) as unknown[];
    return resolved.every((part) => typeof part === 'string')
      ? digestOf(resolved as unknown as Definition)
      : definition;
  }

  private written(): string {
    const { stackId, region, urlSuffix } = this.stack;
    const providers = this.providers.map(({ resource, definition, secret }) => [
      this.stack.resolve(resource.logicalId) as string,
      [this.stated(definition), secret?.secretId, secret?.jsonKey].filter((part) => part !== undefined),
    ]);
    const json = this.stack.toJsonString({
      stackId,
      region,
      urlSuffix,
      endpoints: [...this.endpoints],
      providers: Object.fromEntries(providers) as object,
    });
    if (sizeOf(this.stack.resolve(json)) > MAX_MANIFEST_CHARACTERS) {
      throw new Error(
        `${this.path}: ${providers.length} credential providers do not fit into the environment of one function. Put some of them into another stack.`,
      );
    }
    return json;
  }
}
