/** The checks of a credential provider and of its authorization server. None sends a secret. */
import type { ClientRegistration } from '../../../../lambda/model/provider/client';
import type { VendorName } from '../../../../lambda/model/provider/vendor-names';
import { checkDpopAlgorithm } from '../../../../lambda/domain/oauth/dpop';
import type { Metadata } from '../../../../lambda/domain/oauth/provider-metadata';
import { endpointFault, type EndpointPolicy } from '../../../../lambda/model/endpoint';
import { alsoEnds } from '../../../../lambda/domain/provider/revocation-reach';
import { reachOf, vendorOf } from '../../../../lambda/domain/provider/vendors';
import {
  isProtectedResourceUrl,
  issuerOf,
  protectedResourceUrl,
} from '../../../../lambda/model/discovery-url';
import { fail, ok, todo, warn, type Check } from '../../checks';
import { UrlNotAllowed, endpointPolicyOf, statusOf } from '../../provider-request';
import { plainUrl, shownUrl } from '../../plain-url';
import {
  allowedAddresses,
  CHECK_BY_TOKEN,
  faultOf,
  jsonDocument,
  metadataAt,
  text,
  UNKNOWN_AUTHORITY,
  type AcceptedMetadata,
  type Fault,
  type ServerDocument,
} from '../../server-document';
import { privateEndpointsOf } from '../../private-endpoints';
import type { Service } from '../../service';
import { isCustom } from './config';
import { assertionChecks } from './on-behalf-of';
import { metadataOfBoundServer, type Discovered } from './bound-server';
import { authoritiesOf, CLIENT_KINDS, configOf, isVendor, type Oauth2Provider } from './provider';
import { VENDOR_SETUP } from './vendor-setup';

/** Returns the check of a document that cannot be used, or that only the service can read. */
export const unread = (check: string, url: string, { fault, action, kind }: Fault): Check =>
  (kind === 'internal' ? warn : fail)(check, `${url}: ${fault}`, action);

/** Returns the failed check of an endpoint that does not respond. */
export const unreachable = (check: string, url: string, { fault, action }: Fault): Check =>
  fail(check, `${shownUrl(url)} does not respond to this computer (${fault})`, action);

/** Returns whether the server responds at all: an error status is a response, because the request has no parameters. */
async function reachable(check: string, url: string | undefined, policy: EndpointPolicy): Promise<Check> {
  if (url === undefined) {
    return fail(check, 'missing', 'Set a discovery URL whose document has it, or state the endpoint.');
  }
  try {
    const status = await statusOf(url, policy);
    return status >= 500
      ? warn(
          check,
          `${shownUrl(url)} responds with HTTP status ${status}`,
          'Look at the status page of the provider.',
        )
      : ok(check, shownUrl(url));
  } catch (error) {
    const found = faultOf(error, policy);
    if (!(error instanceof UrlNotAllowed)) return unreachable(check, url, found);
    const action = `Correct the metadata of the authorization server. ${allowedAddresses(policy)}`;
    return unread(check, shownUrl(url), found.kind === 'internal' ? found : { ...found, action });
  }
}

function pkceCheck(vendor: VendorName, metadata: ServerDocument | undefined): Check {
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

/** Returns an endpoint of the catalogue, which is relative to the token endpoint, and has placeholders in braces. */
const ofCatalogue = (reference: string, token: string | undefined): string =>
  URL.canParse(reference, token)
    ? shownUrl(new URL(reference, token).href).replaceAll('%7B', '{').replaceAll('%7D', '}')
    : reference;

/** Returns why the service ignores the revocation endpoint of a server, as if the server stated none, if it does. */
function revocationEndpointFault(
  { document, stated }: AcceptedMetadata,
  policy: EndpointPolicy,
): string | undefined {
  const ignored = document.revocation_endpoint === undefined ? text(stated?.revocation_endpoint) : undefined;
  return ignored === undefined ? undefined : (endpointFault(ignored, policy) ?? 'is too long');
}

function revocationCheck(
  vendor: VendorName,
  metadata: ServerDocument | undefined,
  token: string | undefined,
  ignoredFor: string | undefined,
): Check {
  const { revocation } = vendorOf(vendor);
  const named = text(metadata?.revocation_endpoint);
  const endpoint = named ?? revocation.endpoint;
  if (revocation.reach !== 'none' && endpoint === undefined && ignoredFor !== undefined) {
    return fail(
      'revocation',
      `the service does not use the revocation_endpoint of the metadata: it ${ignoredFor}`,
      'Ask the operator of the server to correct the metadata. Until then, tokens stay valid there until they expire.',
    );
  }
  if (revocation.reach === 'none' || endpoint === undefined) {
    return warn(
      'revocation',
      'the provider has no way to revoke tokens',
      revocation.userRemoves === undefined
        ? 'Tokens stay valid there until they expire. Set a discovery URL whose document has a revocation_endpoint, if there is one.'
        : `Tokens stay valid there until they expire. Users remove the access at: ${revocation.userRemoves}.`,
    );
  }
  return ok(
    'revocation',
    `${named === undefined ? ofCatalogue(endpoint, token) : shownUrl(named)}. ${alsoEnds(reachOf(vendor))}`,
  );
}

function refreshCheck(vendor: VendorName, metadata: ServerDocument | undefined): Check {
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

/** Checks whether the server accepts the proofs of a provider whose tokens are bound to keys, by the rule of the service. */
function dpopChecks(provider: Oauth2Provider, metadata: ServerDocument | undefined): Check[] {
  if (configOf(provider).dpopConfig === undefined) return [];
  const supported = metadata?.dpop_signing_alg_values_supported;
  if (supported === undefined) {
    return [
      warn(
        'DPoP',
        'the metadata does not list algorithms of proofs',
        'If the server does not bind tokens to keys, requests for tokens fail with unbound_token: turn on DPoP for the client at the server.',
      ),
    ];
  }
  try {
    checkDpopAlgorithm(metadata as unknown as Metadata);
    return [ok('DPoP', 'the server accepts ES256')];
  } catch (error) {
    return [
      fail(
        'DPoP',
        error instanceof Error ? error.message : String(error),
        `Allow ES256 at the authorization server. For tokens that are not bound to keys, run agent-identity provider update ${provider.name} --no-dpop.`,
      ),
    ];
  }
}

/**
 * Checks PKCE, refresh tokens, and revocation, by the catalogue and the metadata, without a request.
 *
 * @param metadata as the service uses them
 * @param ignoredFor why the service ignores the revocation endpoint that the server states, if it does
 */
export const capabilityChecks = (
  vendor: VendorName,
  metadata: ServerDocument | undefined,
  token: string | undefined,
  ignoredFor?: string,
): Check[] => [
  pkceCheck(vendor, metadata),
  refreshCheck(vendor, metadata),
  revocationCheck(vendor, metadata, token, ignoredFor),
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
  if (!callbackUrl.startsWith(`${endpoint}/`)) {
    return warn(
      'callback URL',
      detail,
      `It is not at the endpoint of this command (${endpoint}). That is right if the service has a domain name for browsers.`,
    );
  }
  return clientRegistration === undefined
    ? todo('callback URL', detail, 'Compare it with the redirect URIs of the client there.')
    : ok('callback URL', detail);
}

/**
 * Returns the check of the client. Only the authorization server knows whether it accepts a client that was registered by
 * hand.
 */
function clientCheck(
  clientId: string | undefined,
  clientRegistration: ClientRegistration | undefined,
): Check {
  if (clientId === undefined) return ok('client', 'named by its assertion only');
  return clientRegistration === undefined
    ? todo('client', clientId, 'The first token shows whether the server accepts its ID and its secret.')
    : ok('client', `${clientId} (${CLIENT_KINDS[clientRegistration]})`);
}

/** Checks the document that describes the client, as its authorization server reads it. */
async function documentCheck(
  clientId: string,
  metadata: ServerDocument | undefined,
  policy: EndpointPolicy,
): Promise<Check> {
  const check = 'client document';
  const next =
    'Update the provider: agent-identity provider update, with --mcp and the URL of the MCP server.';
  const found = await jsonDocument(clientId, policy);
  if ('fault' in found) {
    return unread(check, clientId, found.kind === 'status' ? { ...found, action: next } : found);
  }
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

/** Returns what to do about a discovery URL that was derived from the URL of a protected resource, if it was. */
async function instead(discoveryUrl: string, policy: EndpointPolicy): Promise<string | undefined> {
  const server = issuerOf({ discoveryUrl });
  const resourceAt = protectedResourceUrl(server);
  const found = resourceAt === undefined ? undefined : await jsonDocument(resourceAt, policy);
  if (!found || 'fault' in found || text(found.document.resource) === undefined) return undefined;
  return `${server} is an MCP server, or another resource that names its authorization server: delete the provider, and create it with agent-identity provider add NAME --mcp ${plainUrl(server) ?? 'URL'}.`;
}

/** Returns what to do if the document at the discovery URL states another issuer. */
function otherIssuer(
  { name }: Oauth2Provider,
  vendor: VendorName,
  discoveryUrl: string,
  issuer: string,
): string {
  const custom = isCustom(vendor);
  if (!custom && vendorOf(vendor).server !== 'stated')
    return 'Ask the operator of the server to correct the issuer.';
  const option =
    custom && !discoveryUrl.endsWith('/.well-known/openid-configuration')
      ? '--discovery-url URL, which is the URL of its metadata'
      : `--issuer ${plainUrl(issuer) ?? 'ISSUER'}`;
  return `If ${plainUrl(issuer) ?? 'the stated one'} is the right issuer, run agent-identity provider update ${name} ${option}. Otherwise, correct the issuer at the server.`;
}

/** Returns the metadata at a discovery URL of the authorization server, if the service accepts them. */
async function atDiscoveryUrl(
  provider: Oauth2Provider,
  vendor: VendorName,
  discoveryUrl: string,
  policy: EndpointPolicy,
): Promise<Discovered> {
  const found = await metadataAt(discoveryUrl, policy, (issuer) =>
    otherIssuer(provider, vendor, discoveryUrl, issuer),
  );
  if ('document' in found) return found;
  const action = await instead(discoveryUrl, policy);
  return { ...found, ...(action !== undefined && { action }) };
}

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
  const checks: Check[] = [
    ok('vendor', vendor),
    clientCheck(clientId, clientRegistration),
    ...(await assertionChecks(service, provider)),
  ];
  const [privateEndpoint] = privateEndpointsOf(configOf(provider));
  if (privateEndpoint !== undefined) {
    return [
      ...checks,
      warn(
        'discovery',
        `no request was sent, because the server is behind ${privateEndpoint}`,
        CHECK_BY_TOKEN,
      ),
      callbackCheck({ ...provider, clientRegistration }, service),
    ];
  }
  let authorization = text(authorizationServerMetadata?.authorizationEndpoint);
  let token = text(authorizationServerMetadata?.tokenEndpoint);
  let metadata: ServerDocument | undefined;
  let ignoredFor: string | undefined;
  if (discoveryUrl !== undefined) {
    const found = isProtectedResourceUrl(discoveryUrl)
      ? await metadataOfBoundServer(provider, discoveryUrl, policy)
      : await atDiscoveryUrl(provider, vendor, discoveryUrl, policy);
    if ('fault' in found) {
      return [
        ...checks,
        unread('discovery', found.at ?? discoveryUrl, found),
        callbackCheck({ ...provider, clientRegistration }, service),
      ];
    }
    metadata = found.document;
    ignoredFor = revocationEndpointFault(found, policy);
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
    ...capabilityChecks(vendor, metadata, token, ignoredFor),
    ...dpopChecks(provider, metadata),
  );
  return checks;
}
