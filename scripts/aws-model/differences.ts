import type { Shape } from './service-model';

/**
 * The intended differences from the AWS shapes, with reasons. The shape tests try every entry, and docs/api.md lists
 * them. Everything else must match the AWS shapes exactly.
 */

export interface RefusedMember {
  /** A structure of the AWS model. */
  readonly shape: string;
  readonly member: string;
  /** Part of the error message. */
  readonly says: string;
  readonly why: string;
}

const NO_OTHER_CODE = 'a gateway runs no function of its owner, which would see credentials and bodies';
const SERVERS_ONLY = 'a gateway has the tools of MCP servers only';
const OPERATORS = 'the operator of the deployment sets it, for all gateways';

/** Members of gateways and their targets. */
const REFUSED_OF_GATEWAYS: readonly RefusedMember[] = [
  ...['CreateGatewayRequest', 'UpdateGatewayRequest'].flatMap((shape) => [
    {
      shape,
      member: 'protocolConfiguration',
      why: 'a gateway speaks every served version of MCP, without sessions and search',
    },
    { shape, member: 'kmsKeyArn', why: OPERATORS },
    { shape, member: 'domainOverride', why: OPERATORS },
    { shape, member: 'interceptorConfigurations', why: NO_OTHER_CODE },
  ]),
  { shape: 'CreatePolicyEngineRequest', member: 'encryptionKeyArn', why: OPERATORS },
  ...['policy', 'policyGeneration'].map((member) => ({
    shape: 'PolicyDefinition',
    member,
    why: 'policies are written in Cedar; use `cedar`',
  })),
  {
    shape: 'ListPoliciesRequest',
    member: 'targetResourceScope',
    why: 'the resources of a policy are in its statement',
  },
  { shape: 'UpdateGatewayRequest', member: 'customTransformConfiguration', why: NO_OTHER_CODE },
  { shape: 'UpdateGatewayRequest', member: 'wafConfiguration', why: OPERATORS },
  {
    shape: 'CustomJWTAuthorizerConfiguration',
    member: 'certificateConfigurations',
    why: 'only the operator configures private certificate authorities of issuers',
  },
  {
    shape: 'CustomJWTAuthorizerConfiguration',
    member: 'allowedWorkloadConfiguration',
    why: 'agents of the owner of a gateway can call it, and no others',
  },
  { shape: 'TargetConfiguration', member: 'inference', why: 'it has no gateway for models' },
  ...['apiGateway', 'lambda', 'openApiSchema', 'smithyModel'].map((member) => ({
    shape: 'McpTargetConfiguration',
    member,
    why: SERVERS_ONLY,
  })),
  { shape: 'McpTargetConfiguration', member: 'connector', why: 'it has no connectors' },
  {
    shape: 'McpServerTargetConfiguration',
    member: 'resourcePriority',
    why: 'a gateway offers the tools of servers, and no resources',
  },
  {
    shape: 'McpToolSchemaConfiguration',
    member: 's3',
    why: 'the service reads no buckets of owners; use `inlinePayload`',
  },
  { shape: 'RuntimeTargetConfiguration', member: 'schema', why: 'a gateway evaluates no schema' },
  { shape: 'HttpTargetConfiguration', member: 'connector', why: 'it has no connectors' },
  { shape: 'PassthroughTargetConfiguration', member: 'schema', why: 'a gateway evaluates no schema' },
  {
    shape: 'PassthroughTargetConfiguration',
    member: 'stickinessConfiguration',
    why: 'it has no weighted targets',
  },
  ...['CreateGatewayTargetRequest', 'UpdateGatewayTargetRequest'].map((shape) => ({
    shape,
    member: 'certificateConfigurations',
    why: 'requests to targets trust public certificate authorities only',
  })),
  { shape: 'LimitEntry', member: 'tokens', why: 'it has no gateway for models' },
].map((refused) => ({ ...refused, says: 'is not supported by this service: ' }));

/** Members that are always rejected. */
export const REFUSED_MEMBERS: readonly RefusedMember[] = [
  {
    shape: 'ManagedVpcResource',
    member: 'tags',
    says: 'not supported by this service: ',
    why: 'AWS tags the resources of Amazon VPC Lattice that it creates for the endpoint, and this service creates none',
  },
  ...REFUSED_OF_GATEWAYS,
];

export interface Bound {
  /** A shape of the AWS model without this bound. */
  readonly shape: string;
  readonly most: number;
  readonly of: 'characters' | 'entries';
  readonly why: string;
}

const ONE_ITEM = 'the resource is one DynamoDB item, which can have up to 400 KB';
const ONE_ADDRESS = "the value is in the URL that the user's browser opens at the provider";

/** Bounds that only this service has. */
export const BOUNDS: readonly Bound[] = [
  { shape: 'ResourceOauth2ReturnUrlListType', most: 100, of: 'entries', why: ONE_ITEM },
  ...['DiscoveryUrlType', 'IssuerUrlType', 'AuthorizationEndpointType', 'TokenEndpointType'].map(
    (shape): Bound => ({ shape, most: 2048, of: 'characters', why: ONE_ITEM }),
  ),
  { shape: 'CertificateSecretArn', most: 2048, of: 'characters', why: 'no secret has a longer ARN' },
  { shape: 'ResponseListType', most: 10, of: 'entries', why: ONE_ITEM },
  { shape: 'ResponseType', most: 128, of: 'characters', why: ONE_ITEM },
  { shape: 'ScopesListType', most: 100, of: 'entries', why: ONE_ADDRESS },
  { shape: 'ResourcesListType', most: 20, of: 'entries', why: ONE_ADDRESS },
  { shape: 'AudiencesListType', most: 20, of: 'entries', why: ONE_ADDRESS },
  { shape: 'AllowedScopesType', most: 100, of: 'entries', why: ONE_ADDRESS },
  { shape: 'AllowedAudienceType', most: 2048, of: 'characters', why: ONE_ADDRESS },
  { shape: 'ExecutionRoleArnType', most: 2048, of: 'characters', why: ONE_ITEM },
  { shape: 'CustomRequestParametersType', most: 20, of: 'entries', why: ONE_ADDRESS },
  { shape: 'DiscoveryUrl', most: 2048, of: 'characters', why: ONE_ITEM },
  { shape: 'AllowedAudienceList', most: 50, of: 'entries', why: ONE_ITEM },
  { shape: 'AllowedClientsList', most: 50, of: 'entries', why: ONE_ITEM },
  { shape: 'CustomClaimValidationsType', most: 10, of: 'entries', why: ONE_ITEM },
  { shape: 'StaticQueryParameters', most: 10, of: 'entries', why: ONE_ITEM },
  { shape: 'StaticQueryParameterValue', most: 2048, of: 'characters', why: ONE_ITEM },
  { shape: 'InlinePayload', most: 262_144, of: 'characters', why: ONE_ITEM },
  ...['OAuthCredentialProviderArn', 'ApiKeyCredentialProviderArn'].map((shape): Bound => ({
    shape,
    most: 2048,
    of: 'characters',
    why: 'no credential provider has a longer ARN',
  })),
];

export interface ReplacedShape {
  /** A shape of the AWS model. */
  readonly shape: string;
  readonly here: Shape;
  readonly what: string;
  readonly why: string;
}

const NAMES_IN_HTTP = 'AWS documents this pattern; other characters have a meaning in HTTP or in URLs';

/** Shapes in whose place this service has others. */
export const REPLACED_SHAPES: readonly ReplacedShape[] = [
  {
    shape: 'ConsentPortalSources',
    here: { type: 'list', min: 1, max: 20, member: { shape: 'ConsentPortalSource' } },
    what: 'accepts 1 to 20 entries in `sources`',
    why: 'one portal shows the connections of several agents',
  },
  {
    shape: 'CredentialProviderType',
    here: { type: 'string', enum: ['OAUTH', 'API_KEY', 'GATEWAY_IAM_ROLE', 'JWT_PASSTHROUGH'] },
    what: 'does not accept `CALLER_IAM_CREDENTIALS` as `credentialProviderType`',
    why: 'a signature does not contain the key of the caller',
  },
  ...['AllowedAudience', 'AllowedClient'].map((shape): ReplacedShape => ({
    shape,
    here: { type: 'string', min: 1, max: 512 },
    what: `accepts 1 to 512 characters in an entry of \`${shape === 'AllowedClient' ? 'allowedClients' : 'allowedAudience'}\``,
    why: ONE_ITEM,
  })),
  {
    shape: 'HttpHeaderName',
    here: { type: 'string', min: 1, max: 100, pattern: '[a-zA-Z0-9_-]+' },
    what: 'requires letters, digits, `_`, and `-` in names of headers',
    why: NAMES_IN_HTTP,
  },
  {
    shape: 'HttpQueryParameterName',
    here: { type: 'string', min: 1, max: 40, pattern: '[a-zA-Z0-9_-]+' },
    what: 'requires letters, digits, `_`, and `-` in `allowedQueryParameters`',
    why: NAMES_IN_HTTP,
  },
  {
    shape: 'McpServerTargetConfigurationEndpointString',
    here: { type: 'string', min: 1, max: 2048, pattern: 'https://[a-zA-Z0-9\\-\\.]+(:[0-9]{1,5})?(/.*)?' },
    what: 'requires a host name in `endpoint` of `mcpServer`, with an optional port and path',
    why: 'as for `http.passthrough`',
  },
  {
    shape: 'RuntimeArn',
    here: {
      type: 'string',
      min: 1,
      max: 2048,
      pattern: 'arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[a-zA-Z0-9_-]{1,64}(:[a-zA-Z0-9_$-]+)?',
    },
    what: 'requires the ARN of a Lambda function as `arn` of `agentcoreRuntime`, also of a version or an alias',
    why: 'an agent of this service is a function',
  },
  {
    shape: 'RuntimeQualifier',
    here: { type: 'string', enum: ['DEFAULT'] },
    what: 'accepts only `DEFAULT` as `qualifier`',
    why: 'the ARN names a version or an alias',
  },
  {
    shape: 'ApiKeyCredentialParameterName',
    here: { type: 'string', min: 1, max: 64, pattern: '[a-zA-Z0-9_-]+' },
    what: 'requires letters, digits, `_`, and `-` in `credentialParameterName`',
    why: NAMES_IN_HTTP,
  },
  {
    shape: 'ApiKeyCredentialPrefix',
    here: { type: 'string', min: 1, max: 64, pattern: '[\\x21-\\x7e]+( [\\x21-\\x7e]+)*' },
    what: 'requires printable ASCII in `credentialPrefix`',
    why: 'other characters cannot be in a header',
  },
  {
    shape: 'OAuthScope',
    here: { type: 'string', min: 1, max: 64, pattern: '[\\x21\\x23-\\x5B\\x5D-\\x7E]+' },
    what: 'requires scope tokens (RFC 6749, section 3.3) as `scopes`',
    why: 'the server would read several scopes where policies evaluate one',
  },
  {
    shape: 'OAuthCustomParametersKey',
    here: { type: 'string', min: 1, max: 256, pattern: '[a-zA-Z0-9\\-_.]+' },
    what: 'requires letters, digits, and the characters `-`, `_`, and `.` in the names of `customParameters`',
    why: 'GetResourceOauth2Token, to which the gateway passes them, has this pattern',
  },
];

export interface CoupledShape {
  /** A structure of the AWS model whose members depend on each other. It is tried as a whole only. */
  readonly shape: string;
  readonly accepted: readonly object[];
  readonly refused: readonly object[];
}

const claim = (type: string, claimMatchOperator: string, claimMatchValue: object) => ({
  inboundTokenClaimName: 'groups',
  inboundTokenClaimValueType: type,
  authorizingClaimMatchValue: { claimMatchOperator, claimMatchValue },
});

/** @param metrics in the place of one rate of requests */
const limitEntry = (metrics: object = { requests: [{ rate: 5, period: 'second' }] }) => ({
  dimensions: { targetName: '*' },
  ...metrics,
});

export const COUPLED_SHAPES: readonly CoupledShape[] = [
  {
    shape: 'LimitEntry',
    accepted: [
      limitEntry(),
      limitEntry({ requests: [{ rate: 0, period: 'minute' }] }),
      limitEntry({ requests: [{ rate: 10_000_000, period: 'minute' }] }),
      limitEntry({ connections: [{ rate: 1000, period: 'second' }] }),
    ],
    refused: [
      limitEntry({}),
      limitEntry({ requests: [] }),
      limitEntry({ requests: [{ rate: 0.5, period: 'second' }] }),
      limitEntry({ requests: [{ rate: -1, period: 'second' }] }),
      limitEntry({ requests: [{ rate: 10_000_001, period: 'second' }] }),
      limitEntry({ requests: [{ rate: 1, period: 'hour' }] }),
      limitEntry({ requests: Array(2).fill({ rate: 1, period: 'second' }) }),
      { ...limitEntry(), tokens: [{ rate: 1, period: 'second' }] },
      limitEntry({ connections: [{ rate: 1001, period: 'second' }] }),
      limitEntry({ connections: [{ rate: 1, period: 'minute' }] }),
      { ...limitEntry(), dimensions: {} },
      { ...limitEntry(), dimensions: { other: 'a' } },
      { ...limitEntry(), dimensions: { targetName: '' } },
      { ...limitEntry(), dimensions: { targetName: 'a'.repeat(257) } },
    ],
  },
  {
    shape: 'CustomClaimValidationType',
    accepted: [
      claim('STRING', 'EQUALS', { matchValueString: 'a' }),
      claim('STRING_ARRAY', 'CONTAINS', { matchValueString: 'a' }),
      claim('STRING_ARRAY', 'CONTAINS_ANY', { matchValueStringList: ['a', 'b'] }),
    ],
    refused: [
      claim('STRING', 'CONTAINS', { matchValueString: 'a' }),
      claim('STRING_ARRAY', 'CONTAINS_ANY', { matchValueString: 'a' }),
      claim('STRING', 'EQUALS', { matchValueStringList: ['a'] }),
    ],
  },
];

export interface DifferentValue {
  /** A string shape of the AWS model. The value is tried in each place that has the shape. */
  readonly shape: string;
  readonly as: 'value' | 'map key';
  readonly what: string;
  readonly value: string;
  readonly here: 'accepted' | 'refused';
  readonly why: string;
}

/** Values that only AWS accepts, or only this service. */
export const DIFFERENT_VALUES: readonly DifferentValue[] = [
  {
    shape: 'ConsentPortalSourceType',
    as: 'value',
    what: 'also `workload-identity` as `type` of a source, with its name as `identifier`',
    value: 'workload-identity',
    here: 'accepted',
    why: 'the users of a portal connect their accounts to agents, too',
  },
  {
    shape: 'TaggableResourcesArn',
    as: 'value',
    what: 'the ARN of an OAuth2 credential provider',
    value: 'arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default/oauth2credentialprovider/a',
    here: 'accepted',
    why: 'the AWS pattern does not allow the digit in `oauth2credentialprovider`, which ARNs from AWS contain',
  },
  {
    shape: 'ConsentPortalIdentifier',
    as: 'value',
    what: 'the ARN of a consent portal',
    value: 'arn:aws:bedrock-agentcore:us-east-1:000000000000:consent-portal/a-0123456789',
    here: 'accepted',
    why: 'AWS documents the ID or the ARN; the pattern of its model has only the ID',
  },
  {
    shape: 'GatewayIdentifier',
    as: 'value',
    what: 'the ARN of a gateway',
    value: 'arn:aws:bedrock-agentcore:us-east-1:000000000000:gateway/a-0123456789',
    here: 'accepted',
    why: 'AWS documents the ID or the ARN; the pattern of its model has only the ID',
  },
  ...['NONE', 'AUTHENTICATE_ONLY'].map((value): DifferentValue => ({
    shape: 'AuthorizerType',
    as: 'value',
    what: `\`${value}\``,
    value,
    here: 'refused',
    why: 'a gateway attaches credentials, so it never forwards a request without a decision',
  })),
  {
    shape: 'PassthroughProtocolType',
    as: 'value',
    what: '`INFERENCE`',
    value: 'INFERENCE',
    here: 'refused',
    why: 'a gateway evaluates no requests to models',
  },
  {
    shape: 'PassthroughEndpoint',
    as: 'value',
    what: 'http on this machine, in local mode',
    value: 'http://127.0.0.1:8080/v1',
    here: 'accepted',
    why: 'a server in development has no certificate',
  },
  ...['$.context.agent.name', '$.context.user.id'].map((value): DifferentValue => ({
    shape: 'DimensionKey',
    as: 'value',
    what: `also the dimension key \`${value}\``,
    value,
    here: 'accepted',
    why: 'a gateway of this service knows the agent of each call, and the user that its token names',
  })),
  {
    shape: 'DimensionKey',
    as: 'value',
    what: 'the dimension key `qualifiedModelId`',
    value: 'qualifiedModelId',
    here: 'refused',
    why: 'it has no gateway for models',
  },
  {
    shape: 'DimensionKey',
    as: 'value',
    what: 'the dimension key `$.context.iam.sourceIdentity`',
    value: '$.context.iam.sourceIdentity',
    here: 'refused',
    why: 'API Gateway does not state the source identity of a caller',
  },
  ...['$.context.request.header.a', '$.context.request.body.a'].map((value): DifferentValue => ({
    shape: 'DimensionKey',
    as: 'value',
    what: `dimension keys such as \`${value}\``,
    value,
    here: 'refused',
    why: 'a caller chooses its headers and bodies, and could choose a new value each time',
  })),
  {
    shape: 'UserTokenType',
    as: 'value',
    what: 'a user token whose parts are not separated by dots',
    value: 'aaa!bbb!ccc',
    here: 'refused',
    why: 'the AWS pattern has an unescaped dot; a JWS in compact form separates its parts with dots (RFC 7515, section 7.1)',
  },
  {
    shape: 'DiscoveryUrlType',
    as: 'value',
    what: 'the discovery URL of a protected resource (RFC 9728)',
    value: 'https://mcp.example/.well-known/oauth-protected-resource/mcp',
    here: 'accepted',
    why: 'MCP servers name their authorization server in this document; see [mcp-servers.md](mcp-servers.md)',
  },
  {
    shape: 'DiscoveryUrlType',
    as: 'value',
    what: 'a discovery URL with parts of an issuer both before and after `/.well-known/`',
    value: 'https://idp.example/a/.well-known/openid-configuration/.well-known/openid-configuration',
    here: 'refused',
    why: 'the document would be that of different issuers by OpenID Connect Discovery 1.0 (section 4) and RFC 8414 (section 3.1)',
  },
  ...['TagKey', 'CustomRequestKeyType', 'AdditionalClaimName'].map((shape): DifferentValue => ({
    shape,
    as: 'map key',
    what: 'the key `constructor` or `prototype`',
    value: 'constructor',
    here: 'refused',
    why: 'these keys have a special meaning in JavaScript objects, and would otherwise be lost silently',
  })),
  ...['aws:a', 'AWS:a', 'a\tb', 'a\u00a0b'].map((value): DifferentValue => ({
    shape: 'TagKey',
    as: 'map key',
    what: `the key ${JSON.stringify(value)}`,
    value,
    here: 'refused',
    why: 'AWS reserves the prefix `aws:`; other whitespace breaks log lines, or looks like a space',
  })),
  {
    shape: 'TagValue',
    as: 'value',
    what: 'a tag value with whitespace other than the space',
    value: 'a\nb',
    here: 'refused',
    why: 'it breaks lines in logs and consoles, or looks like a space',
  },
  ...['CustomRequestValueType', 'ResourceType', 'AudienceType'].map((shape): DifferentValue => ({
    shape,
    as: 'value',
    what: 'a value with more than 4,096 URL-encoded bytes',
    value: '\u{1F511}'.repeat(2048),
    here: 'refused',
    why: ONE_ADDRESS,
  })),
  ...['\u{1F511}'.repeat(128), 'read admin', 'read\tadmin', '"read"'].map((value): DifferentValue => ({
    shape: 'ScopeType',
    as: 'value',
    what: 'a scope that is not a scope token (RFC 6749, section 3.3)',
    value,
    here: 'refused',
    why: 'the server would read several scopes where policies evaluate one',
  })),
  {
    shape: 'State',
    as: 'value',
    what: 'a state with more than 6,144 URL-encoded bytes',
    value: '\u{1F511}'.repeat(4096),
    here: 'refused',
    why: 'it is in the URL that redirects the browser to the application, and API Gateway allows 10,240 bytes of header fields',
  },
];

/** Text with half of a surrogate pair, which UTF-8 cannot encode. Every string member rejects it. */
export const LONE_SURROGATE = 'a\ud800';

export interface AddedMember {
  readonly operation: string;
  readonly member: string;
  readonly why: string;
}

/** Members that the AWS operations do not have. */
export const ADDED_MEMBERS: readonly AddedMember[] = [
  ...['CreateWorkloadIdentity', 'UpdateWorkloadIdentity'].map((operation) => ({
    operation,
    member: 'authorizerConfiguration',
    why: 'limits the issuers whose user tokens this agent accepts; its shape is that of `customJWTAuthorizer` in AWS. The AWS SDK for JavaScript drops the member without a message, and boto3 and the AWS CLI reject it: use the command, the construct `WorkloadIdentity`, or a signed HTTP request',
  })),
  ...['', 'ForJWT', 'ForUserId'].map((kind) => ({
    operation: `GetWorkloadAccessToken${kind}`,
    member: 'callingAgent',
    why: 'the token of an agent that another agent calls names both ([agents-that-call-agents.md](agents-that-call-agents.md)); the gate sends the member',
  })),
  {
    operation: 'GetResourceOauth2Token',
    member: 'resourceServerUrl',
    why: 'states the server that the token is going to be sent to (an absolute URL of up to 2,048 characters). A provider that is for one resource, such as an MCP server, rejects a URL that is not the resource or below it; other providers ignore it. AWS clients do not send the member: the packages of this service do, and `connectMcp` always does',
  },
  ...['CreateGatewayTarget', 'UpdateGatewayTarget'].flatMap((operation) => [
    {
      operation,
      member: 'workloadIdentity',
      why: 'in `http.agentcoreRuntime`, names the workload identity that the agent acts as; AWS clients do not send the member, and the identity has the name of the target then',
    },
    {
      operation,
      member: 'oauth2CallbackUrl',
      why: 'in `http.agentcoreRuntime`, is the return URL for consent, which the agent gets in `OAuth2CallbackUrl`',
    },
  ]),
  ...['CreateConsentPortal', 'UpdateConsentPortal'].flatMap((operation) => [
    {
      operation,
      member: 'branding',
      why: 'the pages can have a `name` (up to 64 characters), a `color` (`#rrggbb`), and a `logo` (a data URL of up to 24,000 characters); an update replaces all three, and removes them with `{}`',
    },
    {
      operation,
      member: 'connections',
      why: 'users can connect accounts on the page before an agent asks for them: up to 50 entries of `workloadName` (a source), `credentialProviderName`, `scopes`, and optionally `customParameters` and `purpose` (up to 256 characters, which the page shows); an update replaces all of them',
    },
  ]),
  {
    operation: 'UpdateConsentPortal',
    member: 'acceptedResourceIds',
    why: 'a portal leaves out a resource of another owner that was deleted and created again under its name. Its `statusReason` has the ID of the new one, which up to 71 entries of this member accept. An ID that the portal does not need changes nothing',
  },
  {
    operation: 'UpdateConsentPortal',
    member: 'sources',
    why: 'an agent can join or leave a portal, whose address and connections stay; an update replaces all of them',
  },
  ...['CreateOauth2CredentialProvider', 'UpdateOauth2CredentialProvider'].map((operation) => ({
    operation,
    member: 'subjectTokenType',
    why: "authorization servers differ in the `subject_token_type` that they accept (RFC 8693, section 3); without it, a user token that states that it is an access token (`typ` `at+jwt`, Keycloak's claim `typ` `Bearer`, Amazon Cognito's `token_use` `access`) is sent as `access_token`, and any other as `jwt`. AWS clients do not send the member: use the CDK construct or a signed request; where the owner has set none, an agent can name `subject_token_type` in `customParameters`",
  })),
  ...['CreateOauth2CredentialProvider', 'UpdateOauth2CredentialProvider'].map((operation) => ({
    operation,
    member: 'initialAccessToken',
    why: 'an authorization server might register the client of an MCP server only with an initial access token (RFC 7591), as Keycloak does by default: up to 4,096 characters, with the discovery URL of a protected resource and without `clientId`. The service sends it once, and does not store it. AWS clients do not send the member: use the CDK construct, the command, or a signed request',
  })),
  ...['CreateOauth2CredentialProvider', 'UpdateOauth2CredentialProvider'].map((operation) => ({
    operation,
    member: 'authorizationServer',
    why: 'the metadata of an MCP server can name another authorization server at any time. With the discovery URL of a protected resource, the member states the issuer that they must name (RFC 9728, `authorization_servers`). Without it, a new provider is bound to the one that they name, and an update keeps that: it fails if they name another, or if an earlier update moved the provider to another server. AWS clients do not send the member: use the CDK construct, the command, or a signed request',
  })),
  ...['CreateOauth2CredentialProvider', 'UpdateOauth2CredentialProvider'].map((operation) => ({
    operation,
    member: 'endpointOrigins',
    why: 'the metadata of an authorization server that an MCP server names can move its endpoints at any time. The member states 1 to 10 origins that the authorization endpoint and the token endpoint must have. Without it, a new provider takes those in the metadata. An update keeps those that the provider has at this server, or that of the issuer for another server, and fails if the endpoints have others. AWS clients do not send the member: use the CDK construct, the command, or a signed request',
  })),
  ...['UpdateApiKeyCredentialProvider', 'UpdateOauth2CredentialProvider'].map((operation) => ({
    operation,
    member: 'requireOwnership',
    why: 'a name can belong to another principal, which deleted the provider and created one with the same name. With `true`, the update fails unless the caller owns the provider, so that no secret goes to another principal. AWS clients do not send the member: use the command, or a signed request',
  })),
  ...['CreateOauth2CredentialProvider', 'UpdateOauth2CredentialProvider'].map((operation) => ({
    operation,
    member: 'identityAssertionConfig',
    why: 'cross-app access (draft-ietf-oauth-identity-assertion-authz-grant, "enterprise-managed authorization" in MCP) needs two providers: with the `grantType` `IDENTITY_ASSERTION`, `credentialProviderName` names the provider of the same owner that is the client at the user\'s identity provider. It exchanges the ID token for the assertion that this provider redeems. AWS clients do not send the member: use the CDK construct or a signed request',
  })),
  ...['CreateOauth2CredentialProvider', 'UpdateOauth2CredentialProvider'].map((operation) => ({
    operation,
    member: 'dpopConfig',
    why: 'binds access tokens to keys (DPoP, RFC 9449); `resourceUrls` has up to 10 URLs of the resources that agents get proofs for, and is required unless `discoveryUrl` is that of a protected resource ([dpop.md](dpop.md)). An update without the member removes it. AWS clients do not send the member: use the CDK construct, the command, or a signed request',
  })),
  ...['CreateOauth2CredentialProvider', 'UpdateOauth2CredentialProvider'].map((operation) => ({
    operation,
    member: 'clientRegistration',
    why: 'for the discovery URL of a protected resource without `clientId`, it says how the service provides the client: `METADATA_DOCUMENT` (draft-ietf-oauth-client-id-metadata-document) or `DYNAMIC` (RFC 7591). By default, it is a metadata document if the authorization server reads them and the service has an https address. If the authorization server supports `private_key_jwt` with ES256, a client by a metadata document authenticates by a key of the service: responses have the `clientAuthenticationMethod` `PRIVATE_KEY_JWT` without `privateKeyJwtConfig`, and an update can repeat it. Responses contain it for such clients. AWS clients do not send the member, and remove it from responses: use the CDK construct, the command, or a signed request',
  })),
];
