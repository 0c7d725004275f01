/** Differences from AWS that several operations have. Only their references use them. */
import type { Difference } from './reference';

export const OWN: Difference = {
  what: 'belongs to the IAM principal that creates it, by its ARN and unique ID',
  why: 'one account can hold the agents of many teams; a resource policy gives access to other principals',
};
export const SAFE_RETURN_URLS: Difference = {
  what: 'accepts as return URLs: https, http on `localhost`, `127.0.0.1`, or `[::1]`, and schemes that contain a dot and are followed by a slash, such as `com.example.app:/connected` (RFC 8252 section 7.1); rejects user information',
  why: "the service redirects the user's browser to this URL; a browser handles other schemes as code, as files, or as commands to applications",
};
export const RETURN_URLS_IN_ASCII: Difference = {
  what: 'rejects return URLs that are not valid, or that contain characters outside RFC 3986, such as spaces, backslashes, and `{`',
  why: 'the URL goes into a response header, and an invalid URL would make the redirect fail after the user consented; percent-encode other characters',
};
export const PLAIN_TAGS: Difference = {
  what: 'rejects tag keys that begin with `aws:`, and whitespace other than the space in keys and values',
  why: 'AWS reserves the prefix on every resource; other whitespace breaks log lines, or looks like a space',
};
export const OWNERS_TRUST: Difference = {
  what: 'allows only the owner of the resource to change the tag `agent-identity:trusted-provider-owner`',
  why: 'the tag names the owners of credential providers that can receive user tokens',
};
export const SHORT_ADDRESS: Difference = {
  what: 'limits `scopes`, `resources`, `audiences`, and `customParameters` to 4,096 URL-encoded bytes in total, for USER_FEDERATION; limits `resourceOauth2ReturnUrl` and `customState` to 6,144',
  why: "they are in URLs that the user's browser opens, and servers commonly accept 8 KB",
};
export const OWN_LISTED: Difference = {
  what: 'lists only the resources that the caller owns',
  why: "other principals' resource names stay private; a pagination token is valid only for the same caller and listing",
};
const NO_MISLEADING_ARN =
  'the AWS shape requires an ARN, and a Secrets Manager ARN without a secret would be misleading';
export const CLIENT_SECRET_ARN: Difference = {
  what: 'for a MANAGED secret, `clientSecretArn` names the token vault of this service',
  why: NO_MISLEADING_ARN,
};
export const API_KEY_ARN: Difference = {
  what: 'for a MANAGED secret, `apiKeySecretArn` names the token vault of this service',
  why: NO_MISLEADING_ARN,
};
export const NO_SECRET: Difference = {
  what: 'omits `clientSecretSource` for a client without a client secret, and returns a `clientSecretArn` of the token vault, which has no secret',
  why: 'the AWS shape requires the ARN, and `MANAGED` would say that there is a secret',
};
export const TAGGED_SECRET: Difference = {
  what: "requires an EXTERNAL secret to have the tag `agent-identity:owner` with the owner's ARN (or the ARN, a space, and the unique ID); only the owner can name the secret",
  why: 'permission to create a provider must not give access to every secret in the account; the service checks the tag at each read and caches values for up to 5 minutes; if a customer managed key encrypts the secret, the key policy must allow the role of the `credential-retrieval` function to decrypt',
};
export const PORTAL_OF_OWNER: Difference = {
  what: 'acts with the rights of the principal that owns the portal',
  why: 'every step evaluates ownership and resource policies again for each workload identity and credential provider, as for a call of the owner',
};
export const UNUSED_ROLE: Difference = {
  what: 'stores `executionRoleArn`, returns it, and never uses it; it must be a role of the account of the service',
  why: 'AWS clients require the member; the functions of this service need no role of the caller',
};
export const PORTAL_OWNED: Difference = {
  what: 'can be called only by the owner of the portal; portals have no resource policies',
  why: 'a principal that changes a portal acts with the rights of its owner',
};
export const NO_DELETING: Difference = {
  what: 'has no status `DELETING`',
  why: 'a portal is one record, and its deletion ends it immediately',
};
export const SHREDS: Difference = {
  what: 'makes all data that the resource encrypted unreadable',
  why: 'its vault keys are deleted with it; a new resource with the same name inherits nothing',
};
export const REVOKES: Difference = {
  what: 'has the providers revoke the tokens of the grants; the `result` in the audit log is the revocation ID for GetRevocation',
  why: 'a copy of a token must not outlive the grant; at some vendors this also ends other grants of the user at the same client ([vendors.md](vendors.md)); a provider that is unavailable does not delay the deletion, and is tried for 24 hours; if the grants are too many for one call, the response is ThrottlingException, and the next call continues; if the record of one is not valid, the deletion waits for the operator',
};
export const TAGGED_KEY: Difference = {
  what: "requires the KMS key for `PRIVATE_KEY_JWT` to be in this account and to have the tag `agent-identity:owner` with the owner's ARN (or the ARN, a space, and the unique ID); only the owner can name the key or change what it signs",
  why: 'permission to create a provider must not allow signing with every key in the account; the tags of a key in another account are not visible',
};
export const PUBLIC_CLIENTS: Difference = {
  what: 'a custom provider with `clientId`, and without a client secret, `clientAuthenticationMethod`, and `tokenEndpointAuthMethods`, has a public client: requests to the authorization server contain `client_id` only (`token_endpoint_auth_method` `none`), and authorization requests always have a PKCE challenge with S256. Such a provider supports USER_FEDERATION only, and the response has no `clientAuthenticationMethod`. An update without a client secret keeps a confidential client confidential',
  why: 'the authorization servers of MCP servers register public clients, and the AWS model has no value for them',
};
export const PROTECTED_RESOURCES: Difference = {
  what: 'with the discovery URL of a protected resource, finds the authorization server in its metadata, provides a client there if `clientId` is omitted (by a client ID metadata document, or by registration, RFC 7591), and sends `resource` (RFC 8707) in every request; only an update with `authorizationServer` accepts another authorization server, and every later update must then state it, and only one with `endpointOrigins` endpoints at another origin ([mcp-servers.md](mcp-servers.md)). The response has `protectedResource`, with the `resource`, the `authorizationServer` (an issuer), its `authorizationServerMetadataUrl`, and the `endpointOrigins` that the provider is bound to',
  why: 'agents call MCP servers, and their users must not be sent to a server that the owner of the provider has not seen',
};
export const BOUND: Difference = {
  what: 'the response has `protectedResource`, with the `resource`, the `authorizationServer` (an issuer), its `authorizationServerMetadataUrl`, and the `endpointOrigins` that the provider is bound to, for the discovery URL of a protected resource',
  why: 'the owner must see which server the MCP server named',
};
export const CERTIFICATES: Difference = {
  what: "requires the secret or the S3 object in `certificateConfigurations` to be in this account and to have the tag `agent-identity:owner` with `certificates/` and the owner's ARN (or the ARN, a space, and the unique ID); only the owner can change the member; accepts it without `privateEndpoint`. The text is 1 to 10 certificates of authorities in PEM form, without private keys. Requests to the provider's server trust these authorities and no public ones, and no other provider trusts them. The service caches certificates for up to 5 minutes; if they cannot be used, requests to the provider fail with `ca_certificates_unavailable`. An update without the member removes it",
  why: 'permission to create a provider must not allow reading every secret and object in the account, and a principal that names an authority could pose as the server and receive the client secret',
};
export const PRIVATE_ENDPOINTS: Difference = {
  what: 'creates no resources for `privateEndpoint` and `privateEndpointOverrides`. It accepts a `managedVpcResource` whose VPC, subnets, and (if stated) security groups are those of the deployment, and names them in the error otherwise; `endpointIpAddressType` is the IP version of the connections. It accepts a `selfManagedLatticeResource` that the operator has given a DNS name. `routingDomain`, or this DNS name, is where connections go; the TLS server name, the name in the certificate, and `Host` stay those of the URL. An override applies to URLs with exactly this host, and `privateEndpoint` to all other hosts of the authorization server. Each connection is checked as without them, for both names: only the operator allows private addresses ([private-networks.md](private-networks.md)). Both are rejected with the discovery URL of a protected resource. Only the owner can change them. An update without them removes them',
  why: 'owners of credential providers are tenants of a deployment, and must not choose addresses in its network',
};
export const OWN_ROLE: Difference = {
  what: "with `AWS_IAM_ID_TOKEN_JWT`, sends an IAM identity token for the role of the function that sends the request: `credential-retrieval`, `provider-client`, `revocation`, or `connections`. The authorization server must trust all four roles, and without `revocation`, it cannot revoke tokens. The request tags `agent-identity:workload-identity` and `agent-identity:provider-owner` name the agent and the provider's owner",
  why: 'one role serves all agents; an authorization server that trusts the role distinguishes agents by these tags',
};
export const NO_ACTOR: Difference = {
  what: 'sends no actor token for `TOKEN_EXCHANGE` without `tokenExchangeGrantTypeConfig`; accepts `actorTokenScopes` only with `M2M`',
  why: 'the AWS shape defines neither case; the service rejects a member that it would have to ignore',
};
export const SAFE_ENDPOINTS: Difference = {
  what: 'rejects endpoints that are not plain https URLs',
  why: 'endpoints receive secrets and codes; the service also checks the address at each connection',
};
export const POLICY: Difference = {
  what: 'supports policies only on workload identities and credential providers',
  why: 'these are the resources of this service; a policy names its operations (`bedrock-agentcore:…`)',
};

export const CALLING_AGENT: Difference = {
  what: 'accepts `callingAgent`: the workload access token of an agent that calls this one, and `principalArn` and `principalId` of the IAM principal that presented it. The user of both tokens must be the same, both workload identities must have the same owner, the principal must be authorized to call GetResourceOauth2Token on the identity of the calling agent, and `allowedWorkloadConfiguration` of this one must have its name. The token names up to 4 agents, and expires with the token of the calling agent. Errors about the calling agent or an agent before it have the header `x-agent-identity-concerns: calling-agent`; those about a suspension or a report of the identity provider have the value `restriction`',
  why: 'an agent acts for a user through another agent only where the owner of the called agent allows it; the caller of the operation states the principal, as it states a user ID',
};
