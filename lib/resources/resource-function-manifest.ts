/**
 * The content of the resource function's environment: the services that the function calls, and the definition and the
 * secret of each credential provider, gateway, and consent portal. `lambda/custom-resources/stack.ts` reads it.
 */
import { Lazy, Token, type CfnResource, type Stack } from 'aws-cdk-lib';
import { endpointFault } from '../../lambda/model/endpoint';
import { digestOf, type Definition } from '../../lambda/model/custom-resources/definition';
import type { StatedSecret } from '../../lambda/model/custom-resources/request';
import type { VariableSource } from '../constructs/function-environment';

/** What determines the size of the function's environment. */
export const MANIFEST_SOURCE: VariableSource = {
  setting: 'services, credential providers, gateways, and consent portals of this stack',
  advice: 'Put some of the credential providers, gateways, and consent portals into another stack.',
};

interface StatedProvider {
  readonly resource: CfnResource;
  readonly definition: Definition;
  readonly secret: StatedSecret | undefined;
}

export class ResourceFunctionManifest {
  /** The content as JSON. It is created when the stack is synthesized, so it includes every resource. */
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
   * Allows requests to name a service.
   *
   * @param endpoint address of the service, without a trailing slash
   * @throws Error for an address that the function would reject in every environment
   */
  addEndpoint(endpoint: string): void {
    const fault = Token.isUnresolved(endpoint) ? undefined : endpointFault(endpoint, { loopback: true });
    if (fault !== undefined) throw new Error(`${this.path}: endpoint: ${fault}`);
    this.endpoints.add(endpoint);
  }

  /** Allows requests for this resource to create this definition with this secret, and no other. */
  addProvider(provider: StatedProvider): void {
    this.providers.push(provider);
  }

  /** Returns a digest, or the definition itself if CloudFormation resolves a part of it at deployment. */
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
    return this.stack.toJsonString({
      stackId,
      region,
      urlSuffix,
      endpoints: [...this.endpoints],
      providers: Object.fromEntries(providers) as object,
    });
  }
}
