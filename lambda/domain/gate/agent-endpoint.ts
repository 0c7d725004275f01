/**
 * What an agent endpoint is: whose calls it takes, which agent it invokes and how. The deployment writes it, the gate
 * reads it at start; inbound authorization is by IAM or by user tokens, never both on one endpoint.
 *
 * Named as in AWS's `CreateAgentRuntime` (Amazon Bedrock AgentCore, control plane 2023-06-05) where it has the member.
 */
import * as v from 'valibot';
import { parseConfiguration } from '../configuration';
import { issuerMembers, scopeToken, type TrustedIssuer } from '../identity/trusted-issuer';
import { endpointFault, type EndpointPolicy } from '../endpoint';

const text = v.pipe(v.string(), v.nonEmpty());

/** An agent runtime's ARN: its last part is AWS's `AgentRuntimeId`, a name and ten letters or digits of its own. */
const AGENT_RUNTIME_ARN =
  /^arn:aws[a-z-]*:bedrock-agentcore:[a-z0-9-]+:\d{12}:runtime\/[a-zA-Z][a-zA-Z0-9_]{0,47}-[a-zA-Z0-9]{10}$/;

const WORKLOAD_NAME = /^[A-Za-z0-9_.-]{3,255}$/;

/** As {@link principalOf} names callers. */
const PRINCIPAL = /^arn:aws[a-z-]*:iam::\d{12}:(role\/[\w+=,.@-]+|user\/[\u0021-\u007e]+|root)$/;

const FUNCTION_ARN = /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]{1,64}(:[\w$-]+)?$/;

/** AWS's pattern of `requestHeaderAllowlist`, in any case: header names have none (RFC 9110 section 5.1). */
const ALLOWED_HEADER = /^(Authorization|X-Amzn-Bedrock-AgentCore-Runtime-Custom-[a-zA-Z0-9_-]+)$/i;

/** AWS's most, of the headers that are allowed through. */
const MAX_HEADERS = 20;

/** Principals that may name a user; more of them are better served by a role that they assume. */
const MAX_PRINCIPALS = 50;

/** Seconds that API Gateway streams an answer for (developer guide, "Response streaming", limits). */
const MAX_RUN_SECONDS = 900;

export const IamInboundSchema = v.strictObject({
  kind: v.literal('IAM'),
  /** IAM principals who may say in a header for which user they call; a session counts as its role. */
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
 * AWS's `CustomJWTAuthorizerConfiguration`. Without allowedAudience and allowedClients, tokens have to be for the
 * endpoint's own invocation URL (RFC 8707).
 */
export const JwtInboundSchema = v.pipe(
  v.strictObject({
    kind: v.literal('JWT'),
    ...issuerMembers,
    /** Scopes of allowedScopes by what clients ask their authorization server for in their place. */
    advertisedScopeMapping: v.exactOptional(v.record(scopeToken, scopeToken)),
  }),
  v.check(
    ({ allowedScopes = [], advertisedScopeMapping = {} }) =>
      Object.keys(advertisedScopeMapping).every((scope) => allowedScopes.includes(scope)),
    'advertisedScopeMapping must map scopes that allowedScopes names',
  ),
);

export const InboundSchema = v.variant('kind', [IamInboundSchema, JwtInboundSchema]);

export const TargetSchema = v.variant('kind', [
  /** The whole address that is POSTed to. */
  v.strictObject({ kind: v.literal('url'), url: text }),
  v.strictObject({
    kind: v.literal('lambda'),
    functionArn: v.pipe(v.string(), v.regex(FUNCTION_ARN, 'must be the ARN of a function')),
  }),
]);

/** Names of request headers that go on to the agent. `Authorization` is the user's own token. */
export const RequestHeaderAllowlistSchema = v.pipe(
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

export const RunSecondsSchema = v.pipe(
  v.number(),
  v.integer('must be whole seconds'),
  v.minValue(1, 'must be 1 second or more'),
  v.maxValue(MAX_RUN_SECONDS, `must be ${MAX_RUN_SECONDS} seconds or less`),
);

export const AgentEndpointSchema = v.pipe(
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
    /** What the agent speaks: AWS's HTTP contract of `/invocations`, or MCP's streamable HTTP. */
    protocol: v.picklist(['HTTP', 'MCP']),
    inbound: InboundSchema,
    target: TargetSchema,
    requestHeaderAllowlist: RequestHeaderAllowlistSchema,
    /** Where consent brings a user back to, as the agent is told; it is not told one when this is left out. */
    oauth2CallbackUrl: v.exactOptional(
      v.pipe(text, v.regex(/^[\x21-\x7e]+$/, 'must be printable ASCII, for it goes into a header')),
    ),
    /** Seconds that a run may take in all. */
    runSeconds: v.exactOptional(RunSecondsSchema),
  }),
  v.check(
    ({ inbound, requestHeaderAllowlist }) =>
      inbound.kind === 'JWT' || !requestHeaderAllowlist.some((name) => /^authorization$/i.test(name)),
    'requestHeaderAllowlist can name Authorization with JWT inbound only: a signature is of no use to an agent',
  ),
);

export type IamInbound = v.InferOutput<typeof IamInboundSchema>;
export type JwtInbound = v.InferOutput<typeof JwtInboundSchema>;
export type Target = v.InferOutput<typeof TargetSchema>;
export type AgentEndpointConfiguration = v.InferOutput<typeof AgentEndpointSchema>;

/** The longest that a run may take on this endpoint, in milliseconds. */
export const runMilliseconds = ({ runSeconds = MAX_RUN_SECONDS }: AgentEndpointConfiguration): number =>
  runSeconds * 1000;

/**
 * The address that is called: the OAuth protected resource's identifier (RFC 8707, RFC 9728), and the audience of its
 * tokens when the configuration names no other.
 */
export const invocationUrl = ({
  baseUrl,
  agentRuntimeArn,
}: Pick<AgentEndpointConfiguration, 'baseUrl' | 'agentRuntimeArn'>): string =>
  `${baseUrl}/runtimes/${encodeURIComponent(agentRuntimeArn)}/invocations`;

/** Whose tokens the endpoint believes, in the form that tokens are judged by. */
export function trustedIssuerOf(endpoint: AgentEndpointConfiguration, inbound: JwtInbound): TrustedIssuer {
  const { discoveryUrl, allowedAudience, allowedClients, allowedScopes, customClaims } = inbound;
  const named = allowedAudience !== undefined || allowedClients !== undefined;
  return {
    discoveryUrl,
    allowedAudience: named ? allowedAudience : [invocationUrl(endpoint)],
    allowedClients,
    allowedScopes,
    customClaims,
  };
}

/** What the shape does not say: where addresses lead. */
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
    if (fault !== undefined) return `${member}: ${fault}`;
  }
  return undefined;
}

/**
 * An agent endpoint from configuration.
 *
 * @param json a JSON object, {@link AgentEndpointConfiguration}
 * @param policy whether addresses on this very machine are let in
 * @throws Error in plain words, naming the member
 */
export function parseAgentEndpoint(json: string, policy: EndpointPolicy): AgentEndpointConfiguration {
  const endpoint = parseConfiguration(
    AgentEndpointSchema,
    'agent endpoint',
    'an object like {"agentRuntimeArn":"arn:…",…}',
    json,
  );
  const fault = addressFault(endpoint, policy);
  if (fault !== undefined) throw new Error(`agent endpoint: ${fault}`);
  return endpoint;
}
