/**
 * What the environment of the resource function says of its stack: the services that it calls, and which secret belongs
 * to which resource. `lambda/resources/stack.ts` reads it.
 */
import { Lazy, Token, type CfnResource, type Stack } from 'aws-cdk-lib';
import { endpointFault } from '../../lambda/domain/provider/endpoint';
import type { StatedSecret } from '../../lambda/resources/request';

/**
 * Characters for it among the function's other variables.
 * Source: AWS Lambda developer guide, "Lambda quotas": environment variables have 4 KB in all.
 */
const MAX_MANIFEST_CHARACTERS = 3_700;

/** Characters that a reference becomes at deployment, about: most are ARNs. */
const REFERENCE = '-'.repeat(100);

const isReference = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).length === 1 &&
  /^(Ref|Fn::\w+)$/.test(Object.keys(value)[0] ?? '');

export class ResourceFunctionManifest {
  /** For the function's environment; written when the stack is synthesized, so that every resource is in it. */
  readonly json: string;
  private readonly endpoints = new Set<string>();
  private readonly secrets: { readonly resource: CfnResource; readonly secret: StatedSecret }[] = [];

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

  /** Lets a request for this resource name this secret, and a request for no other. */
  addSecret(resource: CfnResource, secret: StatedSecret): void {
    this.secrets.push({ resource, secret });
  }

  private written(): string {
    const { stackId, region, urlSuffix } = this.stack;
    const secrets = this.secrets.map(({ resource, secret: { secretId, jsonKey } }): [string, string[]] => [
      this.stack.resolve(resource.logicalId) as string,
      jsonKey === undefined ? [secretId] : [secretId, jsonKey],
    ]);
    const manifest = {
      stackId,
      region,
      urlSuffix,
      endpoints: [...this.endpoints],
      secrets: Object.fromEntries(secrets),
    };
    const size = JSON.stringify(this.stack.resolve(manifest), (_, value: unknown) =>
      isReference(value) ? REFERENCE : value,
    ).length;
    if (size > MAX_MANIFEST_CHARACTERS) {
      throw new Error(
        `${this.path}: ${secrets.length} credential providers with secrets do not fit into the environment of one function. Put some of them into another stack.`,
      );
    }
    return this.stack.toJsonString(manifest);
  }
}
