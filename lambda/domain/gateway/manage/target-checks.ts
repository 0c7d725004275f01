/** What the configuration of a target must meet before it is stored. */
import { isNormalizedUrl, MUST_BE_NORMALIZED, type EndpointPolicy } from '../../../model/endpoint';
import type { RequestedCredential } from '../../../model/gateway/gateway-request';
import { reservedHeaderFault } from '../../../model/gateway/header-names';
import type { CredentialProviderConfiguration } from '../../../model/gateway/target-configuration';
import type { Gateway, GatewayTarget } from '../../../model/records/gateway';
import type { WorkloadIdentity } from '../../../model/records/workload-identity';
import { checkEndpoint } from '../../endpoint';
import { authorizeCredentialUse } from '../../policy/access';
import type { Caller } from '../../principal';
import { agentOf } from './target-agent';
import { checkAgentTarget, type AgentCheckDependencies } from './agent-checks';
import { credentialPlace, type CredentialPlace } from './credential-placement';
import { credentialDenial, type TargetCredentialPolicy } from './credential-policy';
import { checkEndpointServed } from '../../private-endpoint';
import { apiKeyProviderArn, type ApiKeyProviderStore } from '../../provider/api-key-provider';
import { oauth2ProviderArn, type Oauth2ProviderStore } from '../../provider/oauth2-provider';
import { noSuchResource } from '../../resource-write';
import { invalidMember } from '../../service-error';

export interface TargetCheckDependencies extends AgentCheckDependencies {
  readonly providers: Pick<Oauth2ProviderStore, 'get'>;
  readonly apiKeyProviders: Pick<ApiKeyProviderStore, 'get'>;
  readonly arnPrefix: string;
  readonly endpointPolicy: EndpointPolicy;
  readonly credentialPolicy: TargetCredentialPolicy;
}

/** The members of a target that are checked. */
export type CheckedTarget = Pick<
  GatewayTarget,
  'targetConfiguration' | 'credential' | 'metadataConfiguration' | 'privateEndpoint'
>;

const CONFIGURATION = 'credentialProviderConfigurations.0';
const CREDENTIAL = `${CONFIGURATION}.credentialProvider`;

/** The member of a credential provider that each type requires. */
const MEMBER_OF = {
  OAUTH: 'oauthCredentialProvider',
  API_KEY: 'apiKeyCredentialProvider',
  GATEWAY_IAM_ROLE: 'iamCredentialProvider',
} as const;

/** Returns the credential with the kind of provider that its type requires. @throws ValidationException */
export function credentialOf(
  configurations: readonly RequestedCredential[] | undefined,
): CredentialProviderConfiguration | undefined {
  const [requested] = configurations ?? [];
  if (!requested) return undefined;
  const { credentialProviderType: type, credentialProvider: provider = {} } = requested;
  if (type === 'JWT_PASSTHROUGH') {
    if (requested.credentialProvider) throw invalidMember(CREDENTIAL, `must be omitted for ${type}`);
    return { credentialProviderType: type };
  }
  const { oauthCredentialProvider, apiKeyCredentialProvider, iamCredentialProvider } = provider;
  if (type === 'OAUTH' && oauthCredentialProvider) {
    return { credentialProviderType: type, credentialProvider: { oauthCredentialProvider } };
  }
  if (type === 'API_KEY' && apiKeyCredentialProvider) {
    return { credentialProviderType: type, credentialProvider: { apiKeyCredentialProvider } };
  }
  if (type === 'GATEWAY_IAM_ROLE' && iamCredentialProvider) {
    return { credentialProviderType: type, credentialProvider: { iamCredentialProvider } };
  }
  throw invalidMember(CREDENTIAL, `must have ${MEMBER_OF[type]} for the credentialProviderType ${type}`);
}

function checkTargetEndpoint(
  { http, mcp }: GatewayTarget['targetConfiguration'],
  policy: EndpointPolicy,
): void {
  const [member, endpoint] = http?.passthrough
    ? (['http.passthrough', http.passthrough.endpoint] as const)
    : (['mcp.mcpServer', mcp?.mcpServer?.endpoint ?? ''] as const);
  const name = `targetConfiguration.${member}.endpoint`;
  checkEndpoint(name, endpoint, policy);
  if (endpoint.includes('?')) {
    throw invalidMember(name, `must not have a query${http ? ': use staticQueryParameters' : ''}`);
  }
  if (!isNormalizedUrl(endpoint)) throw invalidMember(name, MUST_BE_NORMALIZED);
}

/** A gateway has one URL for all targets, or one for each. @throws ValidationException */
export function checkKind(
  { protocolType }: Pick<Gateway, 'protocolType'>,
  { targetConfiguration: { mcp }, metadataConfiguration }: CheckedTarget,
): void {
  if ((protocolType === 'MCP') !== (mcp !== undefined)) {
    const rule = mcp
      ? 'must be http.passthrough in a gateway without the protocolType MCP'
      : 'must be mcp.mcpServer in a gateway with the protocolType MCP';
    throw invalidMember('targetConfiguration', rule);
  }
  for (const member of ['allowedQueryParameters', 'allowedResponseHeaders'] as const) {
    if (mcp && metadataConfiguration?.[member]) {
      throw invalidMember(`metadataConfiguration.${member}`, 'must be omitted for mcp.mcpServer');
    }
  }
}

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** Checks the names of headers and query parameters. @throws ValidationException */
function checkNames({ targetConfiguration, metadataConfiguration = {}, credential }: CheckedTarget): void {
  const place = credentialPlace(credential);
  const isSigned = credential?.credentialProviderType === 'GATEWAY_IAM_ROLE';
  const isCredential = (location: CredentialPlace['location'], name: string): boolean =>
    place?.location === location && isSame(place.name, name);
  for (const member of ['allowedRequestHeaders', 'allowedResponseHeaders'] as const) {
    for (const [index, name] of (metadataConfiguration[member] ?? []).entries()) {
      const fault = isCredential('HEADER', name)
        ? 'must not be the header of the credential'
        : reservedHeaderFault(name);
      if (fault !== undefined) throw invalidMember(`metadataConfiguration.${member}.${index}`, fault);
    }
  }
  const queryFault = (name: string): string | undefined => {
    if (isCredential('QUERY_PARAMETER', name)) return 'must not be the query parameter of the credential';
    return isSigned && /^x-amz-/i.test(name)
      ? 'must not begin with X-Amz-, because the gateway signs the request'
      : undefined;
  };
  const queryNames = [
    ...(metadataConfiguration.allowedQueryParameters ?? []).map(
      (name, index) => [`metadataConfiguration.allowedQueryParameters.${index}`, name] as const,
    ),
    ...Object.keys(targetConfiguration.http?.passthrough?.staticQueryParameters ?? {}).map(
      (name) => [`targetConfiguration.http.passthrough.staticQueryParameters.${name}`, name] as const,
    ),
  ];
  for (const [member, name] of queryNames) {
    const fault = queryFault(name);
    if (fault !== undefined) throw invalidMember(member, fault);
  }
  if (place?.location === 'HEADER' && !isSame(place.name, 'Authorization')) {
    const fault = reservedHeaderFault(place.name);
    const member = `${CREDENTIAL}.apiKeyCredentialProvider.credentialParameterName`;
    if (fault !== undefined) throw invalidMember(member, fault);
  }
}

/** Returns the name in the ARN of a provider of one kind of this deployment. @throws ValidationException */
function providerName(member: string, arn: string, prefix: string): string {
  if (!arn.startsWith(prefix))
    throw invalidMember(`${CREDENTIAL}.${member}.providerArn`, `must begin with ${prefix}`);
  return arn.slice(prefix.length);
}

/**
 * Checks that the gateway can get the credential.
 *
 * @throws ResourceNotFoundException, AccessDeniedException; ValidationException for a provider of another kind
 */
async function checkProvider(
  { providers, apiKeyProviders, arnPrefix, credentialPolicy }: TargetCheckDependencies,
  gateway: Gateway,
  principal: Caller,
  identity: WorkloadIdentity,
  credential: CredentialProviderConfiguration,
): Promise<void> {
  const denial = credentialDenial(credentialPolicy, gateway, credential);
  if (denial !== undefined)
    throw invalidMember(`${CONFIGURATION}.credentialProviderType`, `cannot be used: ${denial}`);
  if (credential.credentialProviderType === 'OAUTH') {
    const { providerArn, scopes, customParameters, grantType, defaultReturnUrl } =
      credential.credentialProvider.oauthCredentialProvider;
    if (defaultReturnUrl !== undefined && grantType !== 'AUTHORIZATION_CODE') {
      throw invalidMember(
        `${CREDENTIAL}.oauthCredentialProvider.defaultReturnUrl`,
        'must be omitted without the grantType AUTHORIZATION_CODE',
      );
    }
    const name = providerName('oauthCredentialProvider', providerArn, oauth2ProviderArn(arnPrefix, ''));
    const provider = await providers.get(name);
    if (!provider) throw noSuchResource('OAuth 2.0 credential provider', name);
    const operation = 'GetResourceOauth2Token';
    authorizeCredentialUse({ principal, operation, identity, provider, scopes, customParameters });
    return;
  }
  if (credential.credentialProviderType !== 'API_KEY') return;
  const { providerArn } = credential.credentialProvider.apiKeyCredentialProvider;
  const name = providerName('apiKeyCredentialProvider', providerArn, apiKeyProviderArn(arnPrefix, ''));
  const provider = await apiKeyProviders.get(name);
  if (!provider) throw noSuchResource('API key credential provider', name);
  authorizeCredentialUse({ principal, operation: 'GetResourceApiKey', identity, provider });
}

/**
 * Checks what the schema of a request cannot.
 *
 * @param identity of the gateway
 * @throws ValidationException, ResourceNotFoundException, AccessDeniedException
 */
export async function checkTarget(
  deps: TargetCheckDependencies,
  gateway: Gateway,
  principal: Caller,
  identity: WorkloadIdentity,
  target: CheckedTarget & Pick<GatewayTarget, 'name'>,
): Promise<void> {
  const { targetConfiguration, credential, privateEndpoint } = target;
  const agent = agentOf(target);
  if (agent) return checkAgentTarget(deps, gateway, principal, target, agent);
  checkTargetEndpoint(targetConfiguration, deps.endpointPolicy);
  if (privateEndpoint) checkEndpointServed('privateEndpoint', privateEndpoint, deps.endpointPolicy);
  checkNames(target);
  if (credential) await checkProvider(deps, gateway, principal, identity, credential);
}
