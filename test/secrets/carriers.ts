/**
 * The members that are meant to carry a secret. They are where the watch learns the secrets of a run. A known secret of
 * another kind in such a member is a leak, and so is each secret in any other part of a message or a file.
 */

/** The service, the AWS services that it uses, agent endpoints, and every other server. */
export type ServerName =
  'service' | 'gate' | 'dynamodb' | 'kms' | 'lambda' | 's3' | 'secretsmanager' | 'sts' | 'third party';

export type Source = `${'request to' | 'response of'} ${ServerName}` | 'file' | 'output';

export type Kind =
  | 'access token'
  | 'API key'
  | 'assertion'
  | 'authorization code'
  | 'client secret'
  | 'code verifier'
  | 'completion URI'
  | 'cookie'
  | 'custom state'
  | 'IAM secret key'
  | 'ID token'
  | 'key'
  | 'refresh token'
  | 'registration token'
  | 'session URI'
  | 'state'
  | 'user token'
  | 'workload access token';

/** A header `Authorization`: with a token, or a client secret. */
export const CREDENTIALS = 'credentials';

const CREDENTIAL_KINDS: readonly Kind[] = ['access token', 'client secret', 'registration token'];

/** What a member carries. Of several kinds, a new secret is of the first, and the others are kinds that it can repeat. */
export type Carried = Kind | typeof CREDENTIALS | readonly [kind: Kind, ...repeated: Kind[]];

/** Returns the kinds of the secrets that a member can have. */
export function kindsOf(carried: Carried): readonly Kind[] {
  if (carried === CREDENTIALS) return CREDENTIAL_KINDS;
  return typeof carried === 'string' ? [carried] : carried;
}

/** By member, the kinds of the secrets that it can have. */
type Repeats = Readonly<Record<string, readonly Kind[]>>;

export interface Carrier {
  readonly source: Source;
  /** The paths, operations, or files; by default, all of the source. */
  readonly of?: RegExp;
  /**
   * By name, the members that carry a secret: of JSON documents and forms, parameters of URLs, and headers. The case is
   * ignored. The value is searched for secrets of other kinds.
   */
  readonly carries?: Readonly<Record<string, Carried>>;
  /** Members with secrets of these kinds that another message carries: the value is searched for other kinds. */
  readonly repeats?: Repeats;
  /** As `repeats`, but only headers: a member of a body with this name is searched. */
  readonly repeatsInHeaders?: Repeats;
}

export const CARRIERS: readonly Carrier[] = [
  {
    source: 'request to service',
    carries: {
      apiKey: 'API key',
      clientSecret: 'client secret',
      customState: 'custom state',
      initialAccessToken: 'registration token',
      userToken: 'user token',
    },
  },
  {
    source: 'response of service',
    of: /^\/identities\/GetWorkloadAccessToken/,
    carries: { workloadAccessToken: 'workload access token' },
  },
  {
    source: 'response of service',
    of: /^\/identities\/(oauth2\/token|RejectResourceOauth2Token)$/,
    // The link of the authorization URL has the session URI.
    carries: { accessToken: 'access token', sessionUri: 'session URI' },
    repeats: { request_uri: ['session URI'] },
  },
  { source: 'response of service', of: /^\/identities\/api-key$/, repeats: { apiKey: ['API key'] } },
  // The token that the proof is for.
  {
    source: 'response of service',
    of: /^\/identities\/GetResourceDpopProof$/,
    repeats: { accessToken: ['access token'] },
  },
  {
    source: 'response of service',
    of: /^\/identities\/oauth2\/authorize$/,
    // The redirect to the provider, with the cookie that binds the browser to the session.
    carries: { state: 'state', 'set-cookie': 'cookie' },
    // The link and the form of the consent page continue the session.
    repeats: { request_uri: ['session URI'] },
  },
  {
    source: 'response of service',
    of: /^\/identities\/oauth2\/callback\//,
    // The redirect back to the application, with the state that the application chose.
    carries: { session_id: 'completion URI', 'set-cookie': 'cookie' },
    repeats: { state: ['custom state'] },
  },
  {
    source: 'response of service',
    of: /^\/portals\//,
    // Redirects to the sign-in and to a consent, and the portal's own session. The cookie of a sign-in has the completion URI
    // that waits for it.
    carries: { state: 'state', request_uri: 'session URI', 'set-cookie': ['cookie', 'completion URI'] },
    // A sign-in continues the consent that waits for it.
    repeats: { session_id: ['completion URI', 'session URI'] },
  },
  {
    source: 'request to third party',
    // An exchange can have an access token of the agent itself, and then the identity assertion that it issued.
    carries: {
      actor_token: ['assertion', 'access token'],
      assertion: ['assertion', 'access token', 'user token'],
      client_assertion: 'assertion',
      client_secret: 'client secret',
      code_verifier: 'code verifier',
      state: 'state',
      subject_token: 'user token',
    },
    // `token` is that of a revocation (RFC 7009) or an introspection (RFC 7662).
    repeats: {
      code: ['authorization code'],
      refresh_token: ['refresh token'],
      token: ['access token', 'refresh token'],
    },
  },
  {
    source: 'request to third party',
    // All except agents and MCP servers, which get no credentials.
    of: /^(?![A-Z]+ \/(mcp|invocations)$)/,
    carries: { authorization: CREDENTIALS },
  },
  // The gate gives an agent or an MCP server its token, and the user token if the endpoint allows `Authorization`.
  {
    source: 'request to third party',
    of: /^[A-Z]+ \/(mcp|invocations)$/,
    repeatsInHeaders: { WorkloadAccessToken: ['workload access token'], Authorization: ['user token'] },
  },
  // An agent that calls another one, through AgentCore Runtime or its gate, sends its own token.
  {
    source: 'request to third party',
    of: /^POST \/runtimes\/[^/]+\/invocations$/,
    repeatsInHeaders: { 'X-Amz-Bedrock-AgentCore-Identity-WAT': ['workload access token'] },
  },
  // The event of an agent in a Lambda function has the headers as members.
  {
    source: 'request to third party',
    of: /^POST \/.+\/response-streaming-invocations$/,
    repeats: { WorkloadAccessToken: ['workload access token'] },
  },
  {
    source: 'request to lambda',
    of: /\/response-streaming-invocations$/,
    repeats: { WorkloadAccessToken: ['workload access token'] },
  },
  // The gate passes on what the agent responds. The tool of the MCP server in the tests returns its access token as text, on
  // purpose, and asks for consent with a link, whose elicitation has the session URI as its ID. A token of another kind in
  // the text is found.
  {
    source: 'response of gate',
    of: /^\/runtimes\/[^/]+\/invocations$/,
    repeats: { text: ['access token'], request_uri: ['session URI'], elicitationId: ['session URI'] },
  },
  {
    source: 'response of third party',
    carries: {
      access_token: 'access token',
      client_secret: 'client secret',
      code: 'authorization code',
      id_token: 'ID token',
      refresh_token: 'refresh token',
      registration_access_token: 'registration token',
    },
  },
  { source: 'request to kms', carries: { Plaintext: 'key' } },
  { source: 'response of kms', carries: { Plaintext: 'key' } },
  // The values of secrets that tests create in AWS Secrets Manager.
  {
    source: 'request to secretsmanager',
    of: /^(Create|Put)Secret/,
    // Also of a registration endpoint, and of a transmitter that is polled.
    repeats: { SecretString: ['API key', 'client secret', 'registration token', 'access token'] },
  },
  {
    source: 'request to lambda',
    of: /connections/,
    // The portal passes on what the browser sent: its cookies, and the parameters of a redirect.
    carries: { secret: 'cookie', newSession: 'cookie' },
    repeats: {
      session: ['cookie'],
      previous: ['cookie'],
      bindingCookie: ['cookie'],
      sessionUri: ['session URI', 'completion URI'],
      query: ['state', 'authorization code', 'session URI'],
    },
  },
  {
    source: 'response of lambda',
    of: /connections/,
    carries: { secret: 'cookie', state: 'state', request_uri: 'session URI' },
  },
  // A registration gives the new client to its invoker, which encrypts it. The parameters are those of a pushed request.
  {
    source: 'request to lambda',
    of: /provider-client/,
    repeats: { initialAccessToken: ['registration token'], parameters: ['state'] },
  },
  {
    source: 'response of lambda',
    of: /provider-client/,
    repeats: { clientSecret: ['client secret'], accessToken: ['registration token'] },
  },
  // Principals of the embedded cloud, as a developer's AWS credentials file has them.
  { source: 'file', of: /^principals\.json$/, carries: { secretAccessKey: 'IAM secret key' } },
];
