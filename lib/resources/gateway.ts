/** A gateway as a resource of a stack, with its targets: it attaches credentials to the requests of agents. */
import { Annotations, Lazy, Resource, Stack, Token, type ITaggableV2, type TagManager } from 'aws-cdk-lib';
import { ArnPrincipal, type Grant, type IGrantable, type IPrincipal, type IRole } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import * as v from 'valibot';
import { POLICY_ENGINE_MODES } from '../../lambda/model/gateway/gateway-configuration';
import { OPERATIONS } from '../../lambda/operations';
import { checkedAt } from '../constructs/construct-error';
import { grantInvokeMethods } from '../constructs/invocation';
import { checkConstructProps, checkPropNames, type PropNames } from '../constructs/prop-names';
import type { IAgentIdentity } from '../constructs/agent-identity';
import { connectionOf } from '../constructs/service-connection';
import { ApiKeyCredentialProvider, type IApiKeyCredentialProvider } from './api-key-credential-provider';
import {
  AGENT_PROPS,
  agentTargetOf,
  allowGateways,
  checkAgent,
  type GatewayAgentProps,
} from './gateway-agent';
import type { GatewayAuthorizer } from './gateway-authorizer';
import { CREDENTIAL_MEMBERS, type GatewayCredentialProvider } from './gateway-credential-provider';
import { rateLimitOf, type RateLimitProps, type StatedRateLimit } from './gateway-rate-limit';
import { accountOnly } from './grantee';
import {
  addIdentityResource,
  RESOURCE_PROPS,
  type IdentityResourceKind,
  type IdentityResourceProps,
} from './identity-resource';
import { invalidProps } from './invalid-props';
import { OAuth2CredentialProvider, type IOAuth2CredentialProvider } from './oauth2-credential-provider';
import type { PolicyEngine } from './policy-engine';
import type { PrivateEndpoint } from './private-endpoint';
import { ResourceFunction } from './resource-function';
import { withSamples } from './samples';
import type { IWorkloadIdentity } from './workload-identity';

/** The policy engine of a gateway. */
export interface GatewayPolicyEngineConfig {
  /** An engine of the stack of the gateway. */
  readonly policyEngine: PolicyEngine;
  /**
   * `LOG_ONLY`: the decisions are only in the audit log.
   * @default ENFORCE
   */
  readonly mode?: 'ENFORCE' | 'LOG_ONLY';
}

export interface GatewayProps extends IdentityResourceProps {
  /**
   * Name at the service: up to 48 letters and digits, with single hyphens between them, known when the stack is synthesized.
   * A new name creates a new gateway, with another URL.
   * @default - generated from the construct's path
   */
  readonly gatewayName?: string;
  /**
   * A text for the owners of the gateway: up to 200 characters.
   * @default - none
   */
  readonly description?: string;
  /**
   * `MCP` makes the gateway one MCP server, with the tools of several (`addMcpServerTarget`). Without it, each server has its
   * own URL (`addHttpTarget`). Another value needs a new name, because the URL depends on it.
   * @default - each server has its own URL
   */
  readonly protocol?: 'MCP';
  /**
   * Role with which the gateway signs the requests to targets whose credential is `GatewayCredentialProvider.fromIamRole`.
   * It must trust `Gateway.rolePrincipal`, and `targetRoles` in the `gateways` of the service must name it.
   * @default - the gateway signs no requests
   */
  readonly role?: IRole;
  /**
   * The engine whose policies decide which requests the gateway forwards.
   * @default - none: the gateway forwards what its callers can send
   */
  readonly policyEngineConfiguration?: GatewayPolicyEngineConfig;
  /** Which callers the gateway accepts. Another kind of callers needs a new name, because the URL depends on it. */
  readonly authorizer: GatewayAuthorizer;
}

/** A server to which a gateway forwards requests. */
export interface HttpTargetProps {
  /** URL of the server, without a query. Requests go to it and to paths below it. */
  readonly endpoint: string;
  /**
   * What the server speaks, which decides the headers that pass.
   * @default CUSTOM
   */
  readonly protocol?: 'MCP' | 'A2A' | 'CUSTOM';
  /**
   * The credential that the gateway attaches.
   * @default - requests have no credential
   */
  readonly credential?: GatewayCredentialProvider;
  /**
   * A text for the owners of the gateway: up to 200 characters.
   * @default - none
   */
  readonly description?: string;
  /**
   * Query parameters that callers can send: up to 10.
   * @default - none: a request with a query is rejected
   */
  readonly allowedQueryParameters?: string[];
  /**
   * Headers that pass to the server in addition to those of the protocol: up to 10.
   * @default - none
   */
  readonly allowedRequestHeaders?: string[];
  /**
   * Headers that pass back in addition to those of the protocol: up to 10.
   * @default - none
   */
  readonly allowedResponseHeaders?: string[];
  /**
   * Query parameters that the gateway adds to every request: up to 10.
   * @default - none
   */
  readonly staticQueryParameters?: Readonly<Record<string, string>>;
  /**
   * Whose value is used if the caller sends one of `staticQueryParameters`.
   * @default CLIENT_OVERRIDE
   */
  readonly staticQueryParameterConflictResolution?: 'CLIENT_OVERRIDE' | 'STATIC_OVERRIDE';
  /**
   * How the gateway reaches a server in a private network.
   * @default - by the addresses of its name
   */
  readonly privateEndpoint?: PrivateEndpoint;
}

/** An MCP server whose tools a gateway has. */
export interface McpServerTargetProps {
  /** URL of the server, without a query. */
  readonly endpoint: string;
  /**
   * The credential that the gateway attaches.
   * @default - requests have no credential
   */
  readonly credential?: GatewayCredentialProvider;
  /**
   * JSON of the tools, as the server lists them. Required with `AUTHORIZATION_CODE` and `TOKEN_EXCHANGE`.
   * @default - those that the server lists when the target is created, and when its configuration changes
   */
  readonly toolSchema?: string;
  /**
   * `DYNAMIC` lists only tools that the server still lists as they were when the target was created.
   * @default DEFAULT
   */
  readonly listingMode?: 'DEFAULT' | 'DYNAMIC';
  /**
   * A text for the owners of the gateway: up to 200 characters. To accept definitions of tools that the server has changed,
   * change this text.
   * @default - none
   */
  readonly description?: string;
  /**
   * Headers of the caller that pass to the server: up to 10.
   * @default - none
   */
  readonly allowedRequestHeaders?: string[];
  /**
   * How the gateway reaches a server in a private network.
   * @default - by the addresses of its name
   */
  readonly privateEndpoint?: PrivateEndpoint;
}

const { entries: SCHEMA } = OPERATIONS.CreateGateway.input;

const POLICY_ENGINE_PROPS: PropNames<GatewayPolicyEngineConfig> = {
  policyEngine: 'required',
  mode: 'optional',
};

const PROPS: PropNames<GatewayProps> = {
  ...RESOURCE_PROPS,
  gatewayName: 'optional',
  description: 'optional',
  protocol: 'optional',
  role: 'optional',
  policyEngineConfiguration: 'optional',
  authorizer: 'required',
};

const TARGET_PROPS: PropNames<HttpTargetProps> = {
  endpoint: 'required',
  protocol: 'optional',
  credential: 'optional',
  description: 'optional',
  allowedQueryParameters: 'optional',
  allowedRequestHeaders: 'optional',
  allowedResponseHeaders: 'optional',
  staticQueryParameters: 'optional',
  staticQueryParameterConflictResolution: 'optional',
  privateEndpoint: 'optional',
};

const MCP_TARGET_PROPS: PropNames<McpServerTargetProps> = {
  endpoint: 'required',
  credential: 'optional',
  toolSchema: 'optional',
  listingMode: 'optional',
  description: 'optional',
  allowedRequestHeaders: 'optional',
  privateEndpoint: 'optional',
};

const KIND: IdentityResourceKind = {
  type: 'Custom::AgentIdentityGateway',
  longestName: 48,
  nameSchema: SCHEMA.name,
};

/** From the members of the API to the props of the gateway and of a target. */
const RENAMED: Parameters<typeof invalidProps>[1] = [
  [/^authorizerConfiguration\.customJWTAuthorizer\b/, 'authorizer'],
];
const RENAMED_OF_TARGET: Parameters<typeof invalidProps>[1] = [
  [/^targetConfiguration\.(http\.(passthrough|agentcoreRuntime)|mcp\.mcpServer)\./, ''],
  [/^mcpToolSchema\.inlinePayload\b/, 'toolSchema'],
  [/^protocolType\b/, 'protocol'],
  [/^metadataConfiguration\./, ''],
  [/^credentialProviderConfigurations\.0\.credentialProvider\.\w+\./, 'credential.'],
];

/** These take the place of a URL that is known only at deployment, when the service validates it, and of ARNs. */
const SAMPLE_FUNCTION = 'arn:aws:lambda:eu-central-1:123456789012:function:sample';
const SAMPLE_URL = 'https://known-at-deployment.example';
const SAMPLE_ARN = 'arn:aws:bedrock-agentcore:eu-central-1:123456789012:token-vault/default/provider/sample';

const noGateways = (identity: IAgentIdentity): string =>
  `${identity.node.path} has no gateways. Set gateways of the service, for example to {}.`;

/** @throws Error for props that the service rejects */
function configurationOf(scope: Construct, props: GatewayProps) {
  const { description, protocol, role, policyEngineConfiguration, authorizer } = props;
  const { _type: authorizerType, _issuer: issuer } = authorizer;
  const configuration = {
    ...(description !== undefined && { description }),
    authorizerType,
    ...(protocol !== undefined && { protocolType: protocol }),
    ...(role && { roleArn: role.roleArn }),
    ...(issuer && { authorizerConfiguration: { customJWTAuthorizer: { ...issuer } } }),
  };
  const schema = v.strictObject({
    description: SCHEMA.description,
    authorizerType: SCHEMA.authorizerType,
    protocolType: SCHEMA.protocolType,
    roleArn: v.optional(v.string()),
    authorizerConfiguration: SCHEMA.authorizerConfiguration,
  });
  const parsed = v.safeParse(schema, withSamples(configuration));
  if (!parsed.success) throw new Error(invalidProps(parsed.issues, RENAMED));
  if (!policyEngineConfiguration) return configuration;
  checkPropNames('policyEngineConfiguration', policyEngineConfiguration, POLICY_ENGINE_PROPS);
  const { policyEngine, mode = 'ENFORCE' } = policyEngineConfiguration;
  if (!POLICY_ENGINE_MODES.includes(mode)) {
    throw new Error('policyEngineConfiguration.mode: must be ENFORCE or LOG_ONLY');
  }
  if (Stack.of(policyEngine) !== Stack.of(scope)) {
    throw new Error(
      'policyEngineConfiguration.policyEngine: must be in the stack of the gateway, because a stack is one owner',
    );
  }
  return { ...configuration, policyEngine: { name: policyEngine._givenName, mode } };
}

function targetOf(name: string, props: HttpTargetProps) {
  const { endpoint, protocol = 'CUSTOM' } = props;
  const { staticQueryParameters, staticQueryParameterConflictResolution } = props;
  const { allowedQueryParameters, allowedRequestHeaders, allowedResponseHeaders } = props;
  const passthrough = {
    endpoint,
    protocolType: protocol,
    ...(staticQueryParameters && { staticQueryParameters }),
    ...(staticQueryParameterConflictResolution && { staticQueryParameterConflictResolution }),
  };
  const passing = { allowedQueryParameters, allowedRequestHeaders, allowedResponseHeaders };
  return stated(name, props, { http: { passthrough } }, passing);
}

function mcpTargetOf(name: string, props: McpServerTargetProps) {
  const { endpoint, toolSchema, listingMode, allowedRequestHeaders } = props;
  const mcpServer = {
    endpoint,
    ...(toolSchema !== undefined && { mcpToolSchema: { inlinePayload: toolSchema } }),
    ...(listingMode && { listingMode }),
  };
  return stated(name, props, { mcp: { mcpServer } }, { allowedRequestHeaders });
}

type TargetConfiguration =
  | ReturnType<typeof agentTargetOf>
  | { readonly http: { readonly passthrough: { readonly endpoint: string } } }
  | { readonly mcp: { readonly mcpServer: { readonly endpoint: string } } };

/** Returns a target as the custom resource states it: the function adds the ARN of the provider. */
function stated(
  name: string,
  {
    description,
    credential,
    privateEndpoint,
  }: Partial<Pick<HttpTargetProps, 'description' | 'credential' | 'privateEndpoint'>>,
  targetConfiguration: TargetConfiguration,
  passing: Readonly<Record<string, string[] | undefined>>,
) {
  const metadataConfiguration = Object.fromEntries(Object.entries(passing).filter(([, names]) => names));
  return {
    name,
    ...(description !== undefined && { description }),
    targetConfiguration,
    ...(credential && {
      credential: {
        ...(credential._providerName !== undefined && { provider: credential._providerName }),
        ...credential._stated,
      },
    }),
    ...(Object.keys(metadataConfiguration).length > 0 && { metadataConfiguration }),
    ...(privateEndpoint && { privateEndpoint }),
  };
}

type StatedTarget = ReturnType<typeof stated>;

/** Returns the configuration with samples in place of what is known only at deployment. */
function withKnownValues(configuration: TargetConfiguration): TargetConfiguration {
  const withUrl = <Server extends { readonly endpoint: string }>(server: Server) =>
    Token.isUnresolved(server.endpoint) ? { ...server, endpoint: SAMPLE_URL } : server;
  if ('mcp' in configuration) return { mcp: { mcpServer: withUrl(configuration.mcp.mcpServer) } };
  const { http } = configuration;
  if ('passthrough' in http) return { http: { passthrough: withUrl(http.passthrough) } };
  const known = { ...http.agentcoreRuntime, arn: SAMPLE_FUNCTION };
  return { http: { agentcoreRuntime: known } };
}

/** @throws Error for a target that the service rejects */
function checkTarget(stated: StatedTarget, credential: GatewayCredentialProvider | undefined): void {
  const target = { ...stated, credential: undefined };
  const { type, ...members } = credential?._stated ?? {};
  const member = type && CREDENTIAL_MEMBERS[type];
  const isProvider = credential?._provider !== undefined;
  const parsed = v.safeParse(
    v.omit(OPERATIONS.CreateGatewayTarget.input, ['gatewayIdentifier']),
    withSamples({
      ...target,
      targetConfiguration: withKnownValues(target.targetConfiguration),
      ...(type && {
        credentialProviderConfigurations: [
          {
            credentialProviderType: type,
            ...(member && {
              credentialProvider: {
                [member]: { ...(isProvider && { providerArn: SAMPLE_ARN }), ...members },
              },
            }),
          },
        ],
      }),
    }),
  );
  if (!parsed.success) {
    throw new Error(`target ${target.name}: ${invalidProps(parsed.issues, RENAMED_OF_TARGET)}`);
  }
}

/**
 * A gateway, which attaches credentials to the requests of agents and forwards them to its targets. It has the targets that
 * the app adds, and no others. The service must have `gateways`; for a service of another stack, the deployment finds out.
 *
 * @example
 * const gateway = new Gateway(this, 'Tools', { identity, authorizer: GatewayAuthorizer.usingAwsIam() });
 * gateway.addHttpTarget('calendar', {
 *   endpoint: 'https://calendar.example/v1',
 *   credential: GatewayCredentialProvider.fromOauthIdentity(calendar, {
 *     scopes: ['calendar.read'],
 *     grantType: 'AUTHORIZATION_CODE',
 *   }),
 * });
 * calendar.allowUseBy(agent);
 * gateway.grantInvoke(role, agent);
 */
export class Gateway extends Resource implements ITaggableV2 {
  /**
   * Returns what a role must trust (`assumedBy`) with which the gateways of this stack sign requests: the gateway function,
   * if it acts for the owner of these gateways.
   *
   * @param scope a construct of the stack that has the gateways
   * @throws Error for an imported service without `gatewaysRoleArn`, and for a service without gateways
   */
  static rolePrincipal(scope: Construct, identity: IAgentIdentity): IPrincipal {
    const { gateways } = connectionOf(identity);
    if (gateways === 'none') throw new Error(`${scope.node.path}: ${noGateways(identity)}`);
    if (gateways.roleArn === undefined) {
      throw new Error(
        `${scope.node.path}: the role of the gateway function is not stated. Pass gatewaysRoleArn, the output GatewaysRoleArn of the service's stack, to fromAgentIdentityAttributes.`,
      );
    }
    const { ownerArn } = ResourceFunction.of(scope, identity);
    return new ArnPrincipal(gateways.roleArn).withConditions({
      StringEquals: { 'sts:ExternalId': ownerArn },
    });
  }

  /** Name at the service. */
  readonly gatewayName: string;
  readonly gatewayArn: string;
  /** ID at the service, which is also the name of the gateway's workload identity. */
  readonly gatewayId: string;
  /** Address below which the targets are, or that of the MCP server. */
  readonly gatewayUrl: string;
  /** ARN of the IAM role that owns the gateway. */
  readonly ownerArn: string;
  readonly cdkTagManager: TagManager;
  private readonly targets: StatedTarget[] = [];
  private readonly rateLimits: StatedRateLimit[] = [];
  /** ARNs of the functions of agents by the names of their targets. */
  private readonly agents = new Map<string, string>();
  private readonly givenName: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: GatewayProps,
  ) {
    super(scope, id);
    checkConstructProps(this.node.path, props, PROPS);
    const { gateways } = connectionOf(props.identity);
    const configuration = checkedAt(this.node.path, () => {
      if (gateways === 'none') {
        throw new Error(`identity: ${noGateways(props.identity)}`);
      }
      if (Token.isUnresolved(props.gatewayName)) {
        throw new Error('gatewayName must be known when the stack is synthesized');
      }
      return configurationOf(this, props);
    });
    const created = addIdentityResource(this, props, {
      kind: KIND,
      name: props.gatewayName,
      configuration: {
        ...configuration,
        targets: Lazy.any({ produce: () => this.targets }),
        rateLimits: Lazy.any({ produce: () => this.rateLimits }, { omitEmptyArray: true }),
      },
      properties: () => ({
        agents: Lazy.any({
          produce: () => (this.agents.size > 0 ? Object.fromEntries(this.agents) : undefined),
        }),
      }),
    });
    if (props.policyEngineConfiguration) {
      this.node.addDependency(props.policyEngineConfiguration.policyEngine);
    }
    this.givenName = created.givenName;
    this.gatewayName = created.name;
    this.gatewayArn = created.arn;
    this.gatewayId = created.attribute('GatewayId');
    this.gatewayUrl = created.attribute('GatewayUrl');
    this.ownerArn = created.ownerArn;
    this.cdkTagManager = created.tags;
  }

  /**
   * Adds a server to which the gateway forwards the requests below its URL and the name.
   *
   * @param name letters and digits, with single hyphens between them
   * @returns the URL of the target
   * @throws Error for a target that the service rejects, and for a name that another target has
   */
  addHttpTarget(name: string, props: HttpTargetProps): string {
    this.addTarget(name, props, TARGET_PROPS, () => targetOf(name, props), props.credential);
    return `${this.gatewayUrl}/${name}`;
  }

  /**
   * Adds an agent, which callers invoke by POST below the URL of the target, at `/invocations`. The function gets a statement
   * in its resource-based policy, and the tag `agent-identity:owner`, by which IAM lets only gateways of this owner invoke it.
   *
   * @param name letters and digits, with single hyphens between them
   * @returns the URL of the target
   * @throws Error for an agent whose workload identity is in another stack, for a target that the service rejects, and for a
   *   name that another target has
   */
  addAgent(name: string, props: GatewayAgentProps): string {
    const { gateways } = connectionOf(this.props.identity);
    const roles = checkedAt(this.node.path, () => {
      checkPropNames(`target ${name}`, props, AGENT_PROPS);
      return checkAgent(this, name, props, gateways, this.props.protocol);
    });
    this.addTarget(name, props, AGENT_PROPS, () =>
      stated(name, props, agentTargetOf(props), { allowedRequestHeaders: props.allowedRequestHeaders }),
    );
    this.agents.set(name, props.function.functionArn);
    const { ownerArn } = this;
    this.node.addDependency(...allowGateways(this, name, props, { ownerArn, ...roles }));
    return `${this.gatewayUrl}/${name}`;
  }

  /**
   * Adds an MCP server, whose tools have the names `{name}___{tool}` at the URL of the gateway.
   *
   * @param name letters and digits, with single hyphens between them
   * @throws Error for a target that the service rejects, and for a name that another target has
   */
  addMcpServerTarget(name: string, props: McpServerTargetProps): void {
    this.addTarget(name, props, MCP_TARGET_PROPS, () => mcpTargetOf(name, props), props.credential);
  }

  /**
   * Limits the requests to the gateway. All limits have to allow a request.
   *
   * @param rateLimitId 2 to 64 letters and digits, with hyphens, underscores, and periods between them. Callers receive it
   * @throws Error for a limit that the service rejects, and for an ID or `dimensionKeys` that another limit has
   */
  addRateLimit(rateLimitId: string, props: RateLimitProps): void {
    checkedAt(this.node.path, () => {
      const limit = rateLimitOf(rateLimitId, props);
      const form = JSON.stringify(limit.dimensionKeys);
      for (const other of this.rateLimits) {
        if (other.rateLimitId === rateLimitId || JSON.stringify(other.dimensionKeys) === form) {
          throw new Error(
            `rate limit ${rateLimitId}: ${other.rateLimitId} has the same ID or the same dimensionKeys`,
          );
        }
      }
      this.rateLimits.push(limit);
    });
  }

  private addTarget<Props extends object>(
    name: string,
    props: Props,
    names: PropNames<Props>,
    targetIn: () => StatedTarget,
    credential?: GatewayCredentialProvider,
  ): void {
    checkedAt(this.node.path, () => {
      checkPropNames(`target ${name}`, props, names);
      const target = targetIn();
      const isForMcp = 'mcp' in target.targetConfiguration;
      if (isForMcp !== (this.props.protocol === 'MCP')) {
        throw new Error(
          `target ${name}: ${isForMcp ? 'addMcpServerTarget needs' : 'addHttpTarget cannot be used with'} the protocol MCP of the gateway`,
        );
      }
      checkTarget(target, credential);
      if (credential?._stated.type === 'GATEWAY_IAM_ROLE' && !this.props.role) {
        throw new Error(
          `target ${name}: GatewayCredentialProvider.fromIamRole needs the role of the gateway`,
        );
      }
      if (this.targets.some((other) => other.name === name)) {
        throw new Error(`target ${name}: the gateway has a target with this name`);
      }
      this.targets.push(target);
    });
    const provider = credential?._provider;
    if (provider) this.use(provider);
  }

  /**
   * Allows a principal to call all targets of the gateway as an agent, with IAM: it gets the agent's tokens, and can present
   * them at gateways. It gets no credential, neither from the gateway nor from the service.
   *
   * @param grantee a role or user of the service's account, or a construct that has one
   * @param agent the workload identity of the agent, of the owner of the gateway
   * @throws Error for a gateway with user tokens, where IAM does not decide; for an imported service without
   *   `gatewaysIamRestApiId`; and for a principal of another account
   */
  grantInvoke(grantee: IGrantable, agent: IWorkloadIdentity): Grant {
    const { identity, authorizer } = this.props;
    if (authorizer._type === 'CUSTOM_JWT') {
      throw new Error(
        `${this.node.path}: callers of this gateway authenticate with user tokens, so IAM cannot grant access. Use GatewayAuthorizer.usingAwsIam to grant access to a role.`,
      );
    }
    const { gateways } = connectionOf(identity);
    if (gateways === 'none' || !gateways.iam) {
      throw new Error(
        `${this.node.path}: the API of the gateways with IAM is not stated. Pass gatewaysIamRestApiId, the output GatewaysIamRestApiId of the service's stack, to fromAgentIdentityAttributes.`,
      );
    }
    const grant = grantInvokeMethods(gateways.iam, grantee, {
      methods: [`*/${this.gatewayId}/*`],
      wildcardReason: 'The principal can send any request to the targets of the gateway.',
      accounts: accountOnly(identity.account),
    });
    return grant.combine(agent.grantInvokeGateway(grantee));
  }

  /** Lets the gateway use the provider, and waits for it. */
  private use(provider: IOAuth2CredentialProvider | IApiKeyCredentialProvider): void {
    if (provider instanceof OAuth2CredentialProvider || provider instanceof ApiKeyCredentialProvider) {
      provider._allowUser({ ownerArn: this.ownerArn, arn: this.identityArnPattern() });
      this.node.addDependency(provider);
      return;
    }
    Annotations.of(this).addWarningV2(
      '@agent-identity/cdk:importedGatewayProvider',
      `${provider.node.path} is not part of the app. Its resource policy must allow the owner of this gateway to use it with the workload identity of the gateway.`,
    );
  }

  /** The name of its workload identity is the ID, with 10 random characters: a provider's policy is written before it exists. */
  private identityArnPattern(): string {
    return Stack.of(this).formatArn({
      service: 'bedrock-agentcore',
      account: this.props.identity.account,
      resource: 'workload-identity-directory/default/workload-identity',
      resourceName: `${this.givenName.toLowerCase()}-??????????`,
    });
  }
}
