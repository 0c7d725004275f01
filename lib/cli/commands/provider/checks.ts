/** The checks of a credential provider and of its authorization server. None sends a secret. */
import {
  boundServerMetadata,
  checkIssuer,
  endpointOriginsOf,
  ProviderFailure,
  validatedMetadata,
  findProtectedResource,
  validatedResource,
  type EndpointPolicy,
  type ProtectedResource,
  type ResourceDiscoveryDependencies,
} from '../../../../lambda/contract/authorization-server';
import {
  alsoEnds,
  isMetadataUrl,
  isProtectedResourceUrl,
  issuerOf,
  protectedResourceUrl,
  reachOf,
  vendorOf,
  type ClientRegistration,
  type VendorName,
} from '../../../../lambda/contract/vendors';
import { fail, ok, warn, type Check } from '../../checks';
import { UrlNotAllowed, documentResponse, endpointPolicyOf, statusOf } from '../../provider-request';
import { plainUrl } from '../../plain-url';
import { NoResponse, type Service } from '../../service';
import { authoritiesOf, CLIENT_KINDS, configOf, isVendor, type Oauth2Provider } from './provider';
import { confirmingCommand } from './server-move';
import { VENDOR_SETUP } from './vendor-setup';

function faultOf(error: unknown): string {
  if (error instanceof UrlNotAllowed) return `no request was sent, because ${error.message}`;
  if (error instanceof NoResponse) return error.reason;
  return error instanceof Error ? error.message : 'unknown error';
}

type Document = Readonly<Record<string, unknown>>;

/** Returns the JSON document at a URL, or why there is none. */
export async function jsonDocument(
  url: string,
  policy: EndpointPolicy,
): Promise<{ document: Document } | { fault: string }> {
  try {
    const response = await documentResponse(url, policy);
    if (!response.ok) return { fault: `HTTP status ${response.status}` };
    const document: unknown = await response.json();
    if (typeof document === 'object' && document !== null) return { document: { ...document } };
    return { fault: 'not a JSON object' };
  } catch (error) {
    return { fault: faultOf(error) };
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Returns the failed check of an endpoint that does not respond. */
export const unreachable = (check: string, url: string, fault: string): Check =>
  fail(
    check,
    `${url} does not respond to this computer (${fault})`,
    'Check the host name. The service calls providers over the internet.',
  );

/** Returns whether the server responds at all: an error status is a response, because the request has no parameters. */
async function reachable(check: string, url: string | undefined, policy: EndpointPolicy): Promise<Check> {
  if (url === undefined) {
    return fail(check, 'missing', 'Set a discovery URL whose document has it, or state the endpoint.');
  }
  try {
    const status = await statusOf(url, policy);
    return status >= 500
      ? warn(check, `${url} responds with HTTP status ${status}`, 'Look at the status page of the provider.')
      : ok(check, url);
  } catch (error) {
    if (!(error instanceof UrlNotAllowed)) return unreachable(check, url, faultOf(error));
    return fail(
      check,
      `${url}: ${faultOf(error)}`,
      'Correct the metadata of the authorization server. The service sends requests to public https addresses only.',
    );
  }
}

function pkceCheck(vendor: VendorName, metadata: Document | undefined): Check {
  if (vendorOf(vendor).pkce === false) return ok('PKCE', 'not used: the vendor rejects it with a secret');
  const methods: unknown = metadata?.code_challenge_methods_supported;
  if (Array.isArray(methods) && !methods.includes('S256')) {
    return warn(
      'PKCE',
      'the metadata does not list S256',
      'Turn on PKCE with S256 at the authorization server.',
    );
  }
  return Array.isArray(methods)
    ? ok('PKCE', 'S256')
    : ok('PKCE', 'S256 is sent; the metadata does not say whether the server checks it');
}

function revocationCheck(
  vendor: VendorName,
  metadata: Document | undefined,
  token: string | undefined,
): Check {
  const { revocation } = vendorOf(vendor);
  const stated = text(metadata?.revocation_endpoint) ?? revocation.endpoint;
  if (revocation.reach === 'none' || stated === undefined) {
    return warn(
      'revocation',
      'the provider has no way to revoke tokens',
      revocation.userRemoves === undefined
        ? 'Tokens stay valid there until they expire. Set a discovery URL whose document has a revocation_endpoint, if there is one.'
        : `Tokens stay valid there until they expire. Users remove the access at: ${revocation.userRemoves}.`,
    );
  }
  // Only the endpoint of the catalogue is relative: to the token endpoint.
  const base = stated === revocation.endpoint ? token : undefined;
  if (!URL.canParse(stated, base)) {
    return fail(
      'revocation',
      `the revocation endpoint is not a valid URL: ${stated}`,
      'Correct the metadata of the authorization server. Until then, tokens stay valid there until they expire.',
    );
  }
  // The catalogue has placeholders in braces.
  const endpoint = new URL(stated, base).href.replaceAll('%7B', '{').replaceAll('%7D', '}');
  return ok('revocation', `${endpoint}. ${alsoEnds(reachOf(vendor))}`);
}

function refreshCheck(vendor: VendorName, metadata: Document | undefined): Check {
  const { grant_types_supported: grants, scopes_supported: scopes } = metadata ?? {};
  if (Array.isArray(grants) && !grants.includes('refresh_token')) {
    return warn(
      'refresh tokens',
      'the metadata does not list the grant type refresh_token',
      'Allow refresh tokens for the client; otherwise users consent again when an access token expires.',
    );
  }
  const { refreshTokens } = VENDOR_SETUP[vendor];
  if (refreshTokens !== undefined) return ok('refresh tokens', refreshTokens);
  return Array.isArray(scopes) && scopes.includes('offline_access')
    ? ok('refresh tokens', 'request the scope offline_access')
    : ok('refresh tokens', 'the service uses one if the server issues it');
}

/** Returns the failed check of a discovery document that cannot be read. */
export const undiscovered = (
  discoveryUrl: string,
  fault: string,
  action = 'Check the discovery URL in a browser.',
): Check => fail('discovery', `${discoveryUrl}: ${fault}`, action);

/** Checks PKCE, refresh tokens, and revocation, by the catalogue and the metadata, without a request. */
export const capabilityChecks = (
  vendor: VendorName,
  metadata: Document | undefined,
  token: string | undefined,
): Check[] => [
  pkceCheck(vendor, metadata),
  refreshCheck(vendor, metadata),
  revocationCheck(vendor, metadata, token),
];

export function callbackCheck(
  {
    callbackUrl,
    clientRegistration,
  }: Pick<Oauth2Provider, 'callbackUrl'> & { readonly clientRegistration?: ClientRegistration | undefined },
  { endpoint }: Pick<Service, 'endpoint'>,
): Check {
  const detail =
    clientRegistration === undefined
      ? `${callbackUrl} must be registered at the vendor`
      : `${callbackUrl} is that of the client`;
  return callbackUrl.startsWith(`${endpoint}/`)
    ? ok('callback URL', detail)
    : warn(
        'callback URL',
        detail,
        `It is not at the endpoint of this command (${endpoint}). That is right if the service has a domain name for browsers.`,
      );
}

/** Checks the document that describes the client, as its authorization server reads it. */
async function documentCheck(
  clientId: string,
  metadata: Document | undefined,
  policy: EndpointPolicy,
): Promise<Check> {
  const check = 'client document';
  const next =
    'Update the provider: agent-identity provider update, with --mcp and the URL of the MCP server.';
  const found = await jsonDocument(clientId, policy);
  if ('fault' in found) return fail(check, `${clientId}: ${found.fault}`, next);
  if (found.document.client_id !== clientId) return fail(check, `${clientId} describes another client`, next);
  if (metadata && metadata.client_id_metadata_document_supported !== true) {
    return fail(check, 'the authorization server no longer reads client ID metadata documents', next);
  }
  return clientId.startsWith('https:')
    ? ok(check, clientId)
    : warn(
        check,
        `${clientId} is not https`,
        'Only a server on the same computer can read it, if it accepts http for tests.',
      );
}

/** The metadata that the service uses, or why it uses none. */
type Discovered =
  | { readonly document: Document }
  | {
      /** URL of the document that has the fault, if it is not the one at the discovery URL. */
      readonly at?: string;
      readonly fault: string;
      readonly action?: string;
    };

/** Returns the authorization server that an MCP server names now, if it names one that the service accepts. */
async function namedServer(discoveryUrl: string, policy: EndpointPolicy): Promise<string | undefined> {
  const found = await jsonDocument(discoveryUrl, policy);
  if ('fault' in found) return undefined;
  try {
    const [named, ...others] = validatedResource(discoveryUrl, found.document).authorizationServers;
    if (named === undefined || others.length > 0 || isMetadataUrl(named)) return undefined;
    checkIssuer(named, policy);
    return named;
  } catch {
    return undefined;
  }
}

/** Returns where a server has its endpoints now, and how the owner confirms it; the fault alone if it names them no more. */
async function originsMoved(
  { name }: Oauth2Provider,
  discoveryUrl: string,
  deps: ResourceDiscoveryDependencies,
  bound: Pick<ProtectedResource, 'issuer' | 'endpointOrigins'>,
): Promise<{ fault: string; action?: string }> {
  const { issuer } = bound;
  const stored = endpointOriginsOf(bound).join(' and ');
  try {
    const { protectedResource: found } = await findProtectedResource(deps, discoveryUrl, issuer);
    const named = endpointOriginsOf(found);
    const options = named.map((origin) => ` --endpoint-origin ${plainUrl(origin) ?? 'ORIGIN'}`).join('');
    return {
      fault: `the endpoints are at ${named.join(' and ')}, but the credential provider accepts only ${stored}`,
      action: `The service sends no request to another origin. Ask the operator of the server whether the change is right. If so, run ${confirmingCommand(name, discoveryUrl, issuer, options)} to confirm the new origins.`,
    };
  } catch (error) {
    return { fault: faultOf(error) };
  }
}

/** Returns the metadata of the server that the provider of an MCP server is bound to, validated as by the service. */
async function ofBoundServer(
  provider: Oauth2Provider,
  discoveryUrl: string,
  policy: EndpointPolicy,
): Promise<Discovered> {
  const { name, protectedResource: bound } = provider;
  if (!bound) return { fault: 'the service does not say which authorization server it uses' };
  const { resource, authorizationServer: issuer, endpointOrigins } = bound;
  let read = discoveryUrl;
  const transport = (url: string) => {
    read = url;
    return documentResponse(url, policy);
  };
  const deps = { transport, endpointPolicy: policy };
  try {
    const metadata = await boundServerMetadata(deps, discoveryUrl, { resource, issuer, endpointOrigins });
    return { document: { ...metadata } };
  } catch (error) {
    const fault = faultOf(error);
    const at = read;
    if (!(error instanceof ProviderFailure)) return { at, fault };
    if (error.code === 'endpoint_origin_changed') {
      return { at, ...(await originsMoved(provider, discoveryUrl, deps, { issuer, endpointOrigins })) };
    }
    if (error.code !== 'authorization_server_changed') return { at, fault };
    const named = await namedServer(discoveryUrl, policy);
    return {
      at,
      fault: `${fault}, ${issuer}`,
      action: `The service sends no authorization or token request to another server. Ask the operator of the MCP server whether the change is right. If so, run ${confirmingCommand(name, discoveryUrl, named)} to confirm the new issuer.`,
    };
  }
}

/** Returns what to do about a discovery URL that was derived from the URL of a protected resource, if it was. */
async function instead(discoveryUrl: string, policy: EndpointPolicy): Promise<string | undefined> {
  const server = issuerOf({ discoveryUrl });
  const resourceAt = protectedResourceUrl(server);
  const found = resourceAt === undefined ? undefined : await jsonDocument(resourceAt, policy);
  if (!found || 'fault' in found || text(found.document.resource) === undefined) return undefined;
  return `${server} is an MCP server, or another resource that names its authorization server: delete the provider, and create it with agent-identity provider add NAME --mcp ${plainUrl(server) ?? 'URL'}.`;
}

/** Returns the metadata at a discovery URL of the authorization server, if the service accepts them. */
async function atDiscoveryUrl(discoveryUrl: string, policy: EndpointPolicy): Promise<Discovered> {
  const found = await jsonDocument(discoveryUrl, policy);
  if ('fault' in found) {
    const action = await instead(discoveryUrl, policy);
    return { ...found, ...(action !== undefined && { action }) };
  }
  try {
    validatedMetadata(discoveryUrl, found.document, policy);
    return found;
  } catch (error) {
    return { fault: faultOf(error) };
  }
}

/** Codes of Node.js and OpenSSL for a certificate of an unknown authority. */
const UNKNOWN_AUTHORITY = /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT|SELF_SIGNED_CERT/;

/** This computer need not trust the authorities that the provider trusts, so a failure to do so is no fault. */
const withoutAuthorities = (check: Check): Check =>
  check.status === 'fail' && UNKNOWN_AUTHORITY.test(check.detail)
    ? warn(
        check.check,
        check.detail,
        'The provider trusts its own certificate authorities, which this command does not have. Set NODE_EXTRA_CA_CERTS to a file with their certificates, or request a token: agent-identity token get.',
      )
    : check;

/** Checks one provider. */
export async function checkProvider(service: Service, provider: Oauth2Provider): Promise<Check[]> {
  const checks = await checksOf(service, provider);
  return authoritiesOf(configOf(provider)) === undefined ? checks : checks.map(withoutAuthorities);
}

async function checksOf(service: Service, provider: Oauth2Provider): Promise<Check[]> {
  const { credentialProviderVendor: vendor } = provider;
  if (!isVendor(vendor)) {
    return [
      fail(
        'vendor',
        `${vendor} is not known to this command`,
        'Update the command: npm install -g @agent-identity/cli.',
      ),
    ];
  }
  const {
    clientId,
    clientRegistration,
    oauthDiscovery: { discoveryUrl, authorizationServerMetadata } = {},
  } = configOf(provider);
  const policy = endpointPolicyOf(service);
  const kind = clientRegistration && CLIENT_KINDS[clientRegistration];
  const checks: Check[] = [
    ok('vendor', vendor),
    ok('client', `${clientId ?? 'named by its assertion only'}${kind === undefined ? '' : ` (${kind})`}`),
  ];
  let authorization = text(authorizationServerMetadata?.authorizationEndpoint);
  let token = text(authorizationServerMetadata?.tokenEndpoint);
  let metadata: Document | undefined;
  if (discoveryUrl !== undefined) {
    const found = isProtectedResourceUrl(discoveryUrl)
      ? await ofBoundServer(provider, discoveryUrl, policy)
      : await atDiscoveryUrl(discoveryUrl, policy);
    if ('fault' in found) {
      return [
        ...checks,
        undiscovered(found.at ?? discoveryUrl, found.fault, found.action),
        callbackCheck({ ...provider, clientRegistration }, service),
      ];
    }
    metadata = found.document;
    authorization = text(metadata.authorization_endpoint);
    token = text(metadata.token_endpoint);
    checks.push(ok('discovery', `${discoveryUrl} (issuer ${text(metadata.issuer)})`));
  }
  if (clientRegistration === 'METADATA_DOCUMENT' && clientId !== undefined) {
    checks.push(await documentCheck(clientId, metadata, policy));
  }
  checks.push(
    await reachable('authorization endpoint', authorization, policy),
    await reachable('token endpoint', token, policy),
    callbackCheck({ ...provider, clientRegistration }, service),
    ...capabilityChecks(vendor, metadata, token),
  );
  return checks;
}
