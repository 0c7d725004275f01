/**
 * The configuration of an agent endpoint: the callers that it accepts, and the agent that it invokes. The deployment
 * writes it, and the gate reads it at start. An endpoint authorizes callers by IAM or by user tokens, never both.
 *
 * Members have the names of `CreateAgentRuntime` (Amazon Bedrock AgentCore, control plane 2023-06-05) if it has them.
 */
import * as v from 'valibot';
import { ConfigurationFault, parseConfiguration } from '../configuration';
import type { Of } from '../../model/of';
import { issuerMembers, restrictsRecipients, scopeToken } from '../../model/trusted-issuer';
import { operatorMembers, type TrustedIssuer } from '../identity/trusted-issuer';
import { CUSTOM_HEADER } from '../../model/gateway/header-names';
import { FUNCTION_ARN } from '../../model/function-arn';
import { WORKLOAD_NAME } from '../../model/workload-name';
import { endpointFault, type EndpointPolicy } from '../../model/endpoint';
import { isRegistrable } from '../../model/registrable-return-url';
import { AllowedOriginsSchema } from './allowed-origins';

const text = v.pipe(v.string(), v.nonEmpty());

/** An agent runtime's ARN. Its last part is the `AgentRuntimeId`: a name and 10 letters or digits. */
const AGENT_RUNTIME_ARN =
  /^arn:aws[a-z-]*:bedrock-agentcore:[a-z0-9-]+:\d{12}:runtime\/[a-zA-Z][a-zA-Z0-9_]{0,47}-[a-zA-Z0-9]{10}$/;

/** As {@link principalOf} names callers. */
const PRINCIPAL = /^arn:aws[a-z-]*:iam::\d{12}:(role\/[\w+=,.@-]+|user\/[\u0021-\u007e]+|root)$/;

/** The AWS pattern of `requestHeaderAllowlist`, in any case: header names have none (RFC 9110 section 5.1). */
const ALLOWED_HEADER = new RegExp(`^(Authorization|${CUSTOM_HEADER.source.slice(1, -1)})$`, 'i');

/** Maximum allowed headers, as in AWS. */
const MAX_HEADERS = 20;

/** Maximum principals that can name a user. Larger groups can assume a common role. */
const MAX_PRINCIPALS = 50;

/** Seconds for which API Gateway streams a response (developer guide, "Response streaming", limits). */
const MAX_INVOCATION_SECONDS = 900;

const IamInboundSchema = v.strictObject({
  kind: v.literal('IAM'),
  /** IAM principals that can name a user in a header. A session is identified by its role. */
  userIdPrincipals: v.pipe(
    v.array(
      v.pipe(
        v.string(),
        v.regex(PRINCIPAL, "must be the ARN of an IAM role without its path, a user, or an account's root"),
      ),
    ),
    v.maxLength(MAX_PRINCIPALS),
  ),
});

/**
 * The AWS type `CustomJWTAuthorizerConfiguration`. Without allowedAudience and allowedClients, tokens have to be for the
 * endpoint's own invocation URL (RFC 8707).
 */
const JwtInboundSchema = v.pipe(
  v.strictObject({
    kind: v.literal('JWT'),
    ...issuerMembers,
    ...operatorMembers,
    /** Scopes of allowedScopes by what clients ask their authorization server for in their place. */
    advertisedScopeMapping: v.exactOptional(v.record(scopeToken, scopeToken)),
  }),
  v.forward(
    v.check(
      ({ allowedScopes = [], advertisedScopeMapping = {} }) =>
        Object.keys(advertisedScopeMapping).every((scope) => allowedScopes.includes(scope)),
      'must map scopes that allowedScopes names',
    ),
    ['advertisedScopeMapping'],
  ),
);

const InboundSchema = v.variant('kind', [IamInboundSchema, JwtInboundSchema]);

const TargetSchema = v.variant('kind', [
  /** The whole address that is POSTed to. */
  v.strictObject({ kind: v.literal('url'), url: text }),
  v.strictObject({
    kind: v.literal('lambda'),
    functionArn: v.pipe(v.string(), v.regex(FUNCTION_ARN, 'must be the ARN of a function')),
  }),
]);

/** Names of request headers that are passed to the agent. `Authorization` contains the user token. */
const RequestHeaderAllowlistSchema = v.pipe(
  v.array(
    v.pipe(
      v.string(),
      v.maxLength(256),
      v.regex(ALLOWED_HEADER, 'must be Authorization or X-Amzn-Bedrock-AgentCore-Runtime-Custom-…'),
    ),
  ),
  v.maxLength(MAX_HEADERS),
  v.check(
    (names) => new Set(names.map((name) => name.toLowerCase())).size === names.length,
    'must not name a header twice',
  ),
);

const InvocationTimeoutSchema = v.pipe(
  v.number(),
  v.integer('must be whole seconds'),
  v.minValue(1, 'must be 1 second or more'),
  v.maxValue(MAX_INVOCATION_SECONDS, `must be ${MAX_INVOCATION_SECONDS} seconds or less`),
);

const AgentEndpointSchema = v.pipe(
  v.strictObject({
    agentRuntimeArn: v.pipe(
      v.string(),
      v.regex(
        AGENT_RUNTIME_ARN,
        'must be like arn:aws:bedrock-agentcore:eu-central-1:123456789012:runtime/my_agent-0123456789',
      ),
    ),
    /** Name of the workload identity that the agent acts as. */
    workloadName: v.pipe(v.string(), v.regex(WORKLOAD_NAME, 'must be the name of a workload identity')),
    /** Public address of the endpoint, without a trailing slash. */
    baseUrl: v.pipe(
      text,
      v.check((url) => !url.endsWith('/'), 'must not end in a slash'),
    ),
    /** What the agent speaks: the AWS HTTP contract of `/invocations`, or MCP's streamable HTTP. */
    protocol: v.picklist(['HTTP', 'MCP']),
    inbound: InboundSchema,
    target: TargetSchema,
    requestHeaderAllowlist: RequestHeaderAllowlistSchema,
    /** The origins of web pages that can call the endpoint. */
    allowedOrigins: v.exactOptional(AllowedOriginsSchema),
    /** The return URL for consent, which is passed to the agent. Optional. */
    oauth2CallbackUrl: v.exactOptional(v.pipe(text, isRegistrable)),
    /** Maximum seconds of an invocation, from the construct's `invocationTimeout`. */
    invocationTimeout: v.exactOptional(InvocationTimeoutSchema),
  }),
  v.forward(
    v.check(
      ({ inbound, requestHeaderAllowlist }) =>
        inbound.kind === 'JWT' || !requestHeaderAllowlist.some((name) => /^authorization$/i.test(name)),
      'can contain Authorization only with JWT inbound: a signature is of no use to an agent',
    ),
    ['requestHeaderAllowlist'],
  ),
);

export type IamInbound = Of<typeof IamInboundSchema>;
export type JwtInbound = Of<typeof JwtInboundSchema>;
export type Target = Of<typeof TargetSchema>;
export type AgentEndpointConfiguration = Of<typeof AgentEndpointSchema>;

/** Returns the maximum milliseconds of an invocation on this endpoint. */
export const invocationTimeoutMs = ({
  invocationTimeout = MAX_INVOCATION_SECONDS,
}: AgentEndpointConfiguration): number => invocationTimeout * 1000;

/**
 * The address that is called: the OAuth protected resource's identifier (RFC 8707, RFC 9728), and the audience of its
 * tokens when the configuration names no other.
 */
export const invocationUrl = ({
  baseUrl,
  agentRuntimeArn,
}: Pick<AgentEndpointConfiguration, 'baseUrl' | 'agentRuntimeArn'>): string =>
  `${baseUrl}/runtimes/${encodeURIComponent(agentRuntimeArn)}/invocations`;

/** Returns the issuer that the endpoint trusts, in the form for validation. */
export function trustedIssuerOf(endpoint: AgentEndpointConfiguration, inbound: JwtInbound): TrustedIssuer {
  const { allowedAudience, allowedClients } = inbound;
  return {
    discoveryUrl: inbound.discoveryUrl,
    allowedAudience: restrictsRecipients(inbound) ? allowedAudience : [invocationUrl(endpoint)],
    allowedClients,
    allowedScopes: inbound.allowedScopes,
    customClaims: inbound.customClaims,
    acceptBoundTokens: inbound.acceptBoundTokens,
    caCertificates: inbound.caCertificates,
  };
}

/** Returns why an address is not valid, which the schema does not check. */
function addressFault(
  { baseUrl, target, inbound }: AgentEndpointConfiguration,
  policy: EndpointPolicy,
): string | undefined {
  const addresses: [member: string, address: string | undefined][] = [
    ['baseUrl', baseUrl],
    ['target.url', target.kind === 'url' ? target.url : undefined],
    ['inbound.discoveryUrl', inbound.kind === 'JWT' ? inbound.discoveryUrl : undefined],
  ];
  for (const [member, address] of addresses) {
    const fault = address === undefined ? undefined : endpointFault(address, policy);
    if (fault !== undefined) return `${member} ${fault}`;
  }
  return undefined;
}

/**
 * Returns an agent endpoint from configuration.
 *
 * @param json a JSON object, {@link AgentEndpointConfiguration}
 * @param policy whether addresses on this machine are allowed
 * @throws ConfigurationFault that names the member
 */
export function parseAgentEndpoint(json: string, policy: EndpointPolicy): AgentEndpointConfiguration {
  const endpoint = parseConfiguration(
    AgentEndpointSchema,
    '',
    'an object like {"agentRuntimeArn":"arn:…",…}',
    json,
  );
  const fault = addressFault(endpoint, policy);
  if (fault !== undefined) throw new ConfigurationFault(fault);
  return endpoint;
}
