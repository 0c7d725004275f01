/** Protected resources (RFC 9728) and the authorization servers that they name: each document is its author's own. */
import {
  boundServerMetadata,
  findProtectedResource,
} from '../../lambda/domain/oauth/protected-resource-discovery';
import { createMetadataReader } from '../../lambda/domain/oauth/provider-metadata';
import type { Transport } from '../../lambda/domain/oauth/transport';
import { clientBindingDigest } from '../../lambda/domain/provider/oauth2-provider';
import { createFakeSystem } from './fake-system';

const ACCOUNT = { loopback: false };
const RESOURCE = 'https://mcp.example/notes';
const DISCOVERY_URL = 'https://mcp.example/.well-known/oauth-protected-resource/notes';
const ISSUER = 'https://as.example/tenant';

const serverOf = (issuer: string) => ({
  issuer,
  authorization_endpoint: 'https://as.example/authorize',
  token_endpoint: 'https://as.example/token',
  code_challenge_methods_supported: ['S256'],
});

const INSERTED = 'https://as.example/.well-known/oauth-authorization-server/tenant';

/** Documents by their URLs; a number is a status, and other URLs are not found. */
type Documents = Record<string, unknown>;

let documents: Documents;
let asked: string[];
beforeEach(() => {
  documents = {
    [DISCOVERY_URL]: { resource: RESOURCE, authorization_servers: [ISSUER] },
    [INSERTED]: serverOf(ISSUER),
  };
  asked = [];
});

const transport: Transport = (url) => {
  asked.push(url);
  const document = documents[url] ?? 404;
  return Promise.resolve(
    typeof document === 'number' ? new Response('', { status: document }) : Response.json(document),
  );
};

const find = async (discoveryUrl = DISCOVERY_URL) =>
  (await findProtectedResource({ transport, endpointPolicy: ACCOUNT }, discoveryUrl)).protectedResource;

describe('the discovery', () => {
  it('finds the authorization server that the resource names', async () => {
    const endpointOrigins = ['https://as.example'];
    expect(await find()).toEqual({
      resource: RESOURCE,
      issuer: ISSUER,
      metadataUrl: INSERTED,
      endpointOrigins,
    });
    expect(asked).toEqual([DISCOVERY_URL, INSERTED]);
  });

  it.each([
    ['https://mcp.example/.well-known/oauth-protected-resource', 'https://mcp.example'],
    ['https://mcp.example/.well-known/oauth-protected-resource', 'https://mcp.example/'],
    ['https://mcp.example/.well-known/oauth-protected-resource/a/', 'https://mcp.example/a/'],
  ])('accepts at %s the resource %s (RFC 9728 section 3.1)', async (discoveryUrl, resource) => {
    documents[discoveryUrl] = { resource, authorization_servers: [ISSUER] };
    expect(await find(discoveryUrl)).toMatchObject({ resource });
  });

  it.each([
    ['another path', 'https://mcp.example/other'],
    ['another host', 'https://victim.example/notes'],
    ['a path below', `${RESOURCE}/more`],
    ['a slash at the end', `${RESOURCE}/`],
    ['the host in different case', 'https://MCP.example/notes'],
    ['a query', `${RESOURCE}?x=1`],
    ['the port that is the default', 'https://mcp.example:443/notes'],
    ['no text', [RESOURCE]],
  ])('rejects a resource with %s', async (_what, resource) => {
    documents[DISCOVERY_URL] = { resource, authorization_servers: [ISSUER] };
    await expect(find()).rejects.toMatchObject({ code: 'invalid_metadata', unavailable: false });
    expect(asked).toEqual([DISCOVERY_URL]);
  });

  const DEEP = 'https://mcp.example/.well-known/oauth-protected-resource/notes/sse';

  it.each([
    ['above', RESOURCE],
    ['of the host', 'https://mcp.example'],
    ['with a slash', `${RESOURCE}/sse/`],
  ])('says which resource it found, if it is the one %s', async (_what, resource) => {
    documents[DEEP] = { resource, authorization_servers: [ISSUER] };
    await expect(find(DEEP)).rejects.toMatchObject({
      detail: expect.stringMatching(new RegExp(`, but is ${resource}$`)) as string,
    });
  });

  it.each([
    ['another path', 'https://mcp.example/run-this-command'],
    ['a path below', `${RESOURCE}/sse/run-this-command`],
    ['another host', 'https://run-this-command.example/notes'],
    ['a host that begins with the same letters', 'https://mcp.exam'],
  ])('does not show a resource with %s, which is text of the server', async (_what, resource) => {
    documents[DEEP] = { resource, authorization_servers: [ISSUER] };
    await expect(find(DEEP)).rejects.toMatchObject({
      detail: 'protected resource metadata: resource does not match the discovery URL',
    });
  });

  it('names the server that is unavailable, or that has no metadata', async () => {
    documents[INSERTED] = 503;
    await expect(find()).rejects.toMatchObject({ unavailable: true, host: 'as.example' });
    documents[INSERTED] = 404;
    await expect(find()).rejects.toMatchObject({
      code: 'discovery_failed',
      host: 'as.example',
      remedy: expect.stringContaining(
        'The authorization server that the MCP server names has no metadata',
      ) as string,
    });
    documents[DISCOVERY_URL] = 404;
    await expect(find()).rejects.toMatchObject({
      code: 'discovery_failed',
      remedy: expect.stringContaining("no metadata at the provider's discovery URL") as string,
      host: 'mcp.example',
      detail: 'the server has no protected resource metadata (RFC 9728) at this URL: it responded with 404',
    });
  });

  it('looks for the metadata in each place, in order, without following the issuer elsewhere', async () => {
    delete documents[INSERTED];
    const appended = `${ISSUER}/.well-known/openid-configuration`;
    documents[appended] = serverOf(ISSUER);
    expect(await find()).toMatchObject({ metadataUrl: appended });
    expect(asked.slice(1)).toEqual([
      INSERTED,
      'https://as.example/.well-known/openid-configuration/tenant',
      appended,
    ]);
  });

  it.each([
    ['another issuer', { issuer: 'https://victim.example' }],
    ['the issuer with a slash', { issuer: `${ISSUER}/` }],
    ['no code challenge methods', { code_challenge_methods_supported: undefined }],
    ['no S256', { code_challenge_methods_supported: ['plain'] }],
    ['no token endpoint', { token_endpoint: undefined }],
    ['no authorization endpoint', { authorization_endpoint: undefined }],
    [
      'a query in the authorization endpoint',
      { authorization_endpoint: 'https://as.example/authorize?user_scope=admin' },
    ],
    ['an empty query', { authorization_endpoint: 'https://as.example/authorize?' }],
    [
      "another server's authorization endpoint",
      { authorization_endpoint: 'https://victim.example/authorize' },
    ],
    ["another server's token endpoint", { token_endpoint: 'https://victim.example/token' }],
    ["another server's registration endpoint", { registration_endpoint: 'https://victim.example/register' }],
    ['an internal token endpoint', { token_endpoint: 'http://127.0.0.1/token' }],
  ])('rejects an authorization server with %s', async (_what, change) => {
    documents[INSERTED] = { ...serverOf(ISSUER), ...change };
    await expect(find()).rejects.toMatchObject({ code: 'invalid_metadata', unavailable: false });
  });

  it('rejects an authorization server whose endpoints are all those of another one, without iss (RFC 9207)', async () => {
    const victim = {
      authorization_endpoint: 'https://victim.example/a',
      token_endpoint: 'https://victim.example/t',
    };
    documents[INSERTED] = { ...serverOf(ISSUER), ...victim };
    await expect(find()).rejects.toMatchObject({
      code: 'invalid_metadata',
      detail: expect.stringContaining('the issuer and the endpoints have different origins') as string,
    });
  });

  it('rejects a registration endpoint of another origin, also with iss (RFC 9207)', async () => {
    documents[INSERTED] = {
      ...serverOf(ISSUER),
      registration_endpoint: 'https://victim.example/register',
      authorization_response_iss_parameter_supported: true,
    };
    await expect(find()).rejects.toMatchObject({ code: 'invalid_metadata' });
  });

  it('accepts endpoints of several origins if the server identifies itself in its responses (RFC 9207)', async () => {
    documents[INSERTED] = {
      ...serverOf(ISSUER),
      authorization_endpoint: 'https://login.example/authorize',
      authorization_response_iss_parameter_supported: true,
    };
    const endpointOrigins = ['https://login.example', 'https://as.example'];
    expect(await find()).toMatchObject({ issuer: ISSUER, endpointOrigins });
  });

  it('takes the next authorization server if the first cannot be used, and no third', async () => {
    const named = ['https://a.example', ISSUER, 'https://c.example'];
    documents[DISCOVERY_URL] = { resource: RESOURCE, authorization_servers: named };
    expect(await find()).toMatchObject({ issuer: ISSUER });
    documents[INSERTED] = serverOf('https://victim.example');
    await expect(find()).rejects.toMatchObject({ code: 'discovery_failed' });
    expect(asked.filter((url) => url.startsWith('https://c.example'))).toEqual([]);
  });

  it('does not take the next authorization server while the first is unavailable', async () => {
    const named = ['https://a.example', ISSUER];
    documents[DISCOVERY_URL] = { resource: RESOURCE, authorization_servers: named };
    documents['https://a.example/.well-known/oauth-authorization-server'] = 503;
    await expect(find()).rejects.toMatchObject({ code: 'discovery_failed', unavailable: true });
  });
});

describe('the metadata of a configured provider', () => {
  const protectedResource = {
    resource: RESOURCE,
    issuer: ISSUER,
    metadataUrl: INSERTED,
    endpointOrigins: [new URL(ISSUER).origin],
  };
  const discovery = { discoveryUrl: DISCOVERY_URL, protectedResource };
  const system = createFakeSystem();
  const reader = () => createMetadataReader(transport, ACCOUNT, system);

  it('are those of its authorization server, which are cached with the confirmation', async () => {
    const metadata = reader();
    expect(await metadata.read(discovery, {})).toEqual(serverOf(ISSUER));
    await metadata.read(discovery, {});
    expect(asked.sort()).toEqual([INSERTED, DISCOVERY_URL].sort());
  });

  it.each([
    ['another authorization server', { resource: RESOURCE, authorization_servers: ['https://new.example'] }],
    ['its server with a slash', { resource: RESOURCE, authorization_servers: [`${ISSUER}/`] }],
  ])('are not used if the resource names %s', async (_what, document) => {
    documents[DISCOVERY_URL] = document;
    await expect(reader().read(discovery, {})).rejects.toMatchObject({
      code: 'authorization_server_changed',
      unavailable: false,
    });
    // Revocations go to the server that issued the tokens.
    expect(await reader().read(discovery, {}, 'revocation')).toMatchObject({ issuer: ISSUER });
  });

  it('have no endpoint of another origin that receives tokens, requests, or secrets, also for revocations', async () => {
    const own = {
      ...serverOf(ISSUER),
      revocation_endpoint: 'https://as.example/revoke',
      pushed_authorization_request_endpoint: 'https://as.example/par',
      introspection_endpoint: 'https://as.example/introspect',
    };
    documents[INSERTED] = own;
    expect(await reader().read(discovery, {})).toEqual(own);
    documents[INSERTED] = {
      ...serverOf(ISSUER),
      revocation_endpoint: 'https://evil.example/revoke',
      pushed_authorization_request_endpoint: 'https://as.example:8443/par',
      introspection_endpoint: 'https://evil.example/introspect',
    };
    expect(await reader().read(discovery, {})).toEqual(serverOf(ISSUER));
    expect(await reader().read(discovery, {}, 'revocation')).toEqual(serverOf(ISSUER));
  });

  it.each([
    ['token endpoint', { token_endpoint: 'https://login.example/token' }],
    ['authorization endpoint', { authorization_endpoint: 'https://login.example/authorize' }],
  ])('are not used with a %s of another origin, also for revocations', async (_what, change) => {
    const iss = { authorization_response_iss_parameter_supported: true };
    documents[INSERTED] = { ...serverOf(ISSUER), ...change, ...iss };
    const refused = { code: 'endpoint_origin_changed', unavailable: false };
    const endpointOrigins = ['https://as.example'];
    const bound = { ...discovery, protectedResource: { ...protectedResource, endpointOrigins } };
    // A provider from before the origins were stored has the one of its issuer.
    for (const configured of [bound, discovery]) {
      await expect(reader().read(configured, {})).rejects.toMatchObject(refused);
      await expect(reader().read(configured, {}, 'revocation')).rejects.toMatchObject(refused);
    }
    const confirmed = {
      ...protectedResource,
      endpointOrigins: [...endpointOrigins, 'https://login.example'],
    };
    const read = await reader().read({ ...discovery, protectedResource: confirmed }, {});
    expect(read).toMatchObject(change);
  });

  it('are read again after the owner has confirmed another origin', async () => {
    const metadata = reader();
    await metadata.read(discovery, {});
    const moved = {
      token_endpoint: 'https://login.example/token',
      authorization_endpoint: 'https://login.example/authorize',
      authorization_response_iss_parameter_supported: true,
    };
    documents[INSERTED] = { ...serverOf(ISSUER), ...moved };
    const confirmed = { ...protectedResource, endpointOrigins: ['https://login.example'] };
    expect(await metadata.read({ ...discovery, protectedResource: confirmed }, {})).toMatchObject(moved);
  });

  it('are used if the resource names further authorization servers', async () => {
    documents[DISCOVERY_URL] = { resource: RESOURCE, authorization_servers: ['https://new.example', ISSUER] };
    expect(await reader().read(discovery, {})).toMatchObject({ issuer: ISSUER });
  });

  it.each([
    ['the resource', DISCOVERY_URL, 404, false],
    ['the resource', DISCOVERY_URL, 503, true],
    ['the authorization server', INSERTED, 503, true],
  ])('are not used if %s (%s) responds with %i', async (_what, url, status, unavailable) => {
    documents[url] = status;
    await expect(reader().read(discovery, {})).rejects.toMatchObject({
      code: 'discovery_failed',
      unavailable,
    });
  });

  it.each([
    ['states another issuer', { issuer: 'https://victim.example' }],
    ['adds a query to its endpoint', { authorization_endpoint: 'https://as.example/authorize?scope=admin' }],
    ['no longer supports S256', { code_challenge_methods_supported: ['plain'] }],
  ])('are not used if the authorization server %s', async (_what, change) => {
    documents[INSERTED] = { ...serverOf(ISSUER), ...change };
    await expect(reader().read(discovery, {})).rejects.toMatchObject({ code: 'invalid_metadata' });
  });

  it.each<[what: string, code: string, change: () => void]>([
    ['the resource has no metadata', 'discovery_failed', () => delete documents[DISCOVERY_URL]],
    [
      'the resource names another server',
      'authorization_server_changed',
      () =>
        (documents[DISCOVERY_URL] = { resource: RESOURCE, authorization_servers: ['https://new.example'] }),
    ],
    [
      'the metadata moved to another location',
      'discovery_failed',
      () => {
        documents[`${ISSUER}/.well-known/openid-configuration`] = documents[INSERTED];
        delete documents[INSERTED];
      },
    ],
    [
      'the metadata state another issuer',
      'invalid_metadata',
      () => (documents[INSERTED] = serverOf('https://victim.example')),
    ],
    [
      'the server no longer supports S256',
      'invalid_metadata',
      () => (documents[INSERTED] = { ...serverOf(ISSUER), code_challenge_methods_supported: ['plain'] }),
    ],
    [
      'an endpoint moved to another origin',
      'endpoint_origin_changed',
      () =>
        (documents[INSERTED] = {
          ...serverOf(ISSUER),
          token_endpoint: 'https://login.example/token',
          authorization_response_iss_parameter_supported: true,
        }),
    ],
  ])('are rejected by the check of the command as by the service if %s', async (_what, code, change) => {
    const deps = { transport, endpointPolicy: ACCOUNT };
    const checked = () => boundServerMetadata(deps, DISCOVERY_URL, protectedResource);
    expect(await checked()).toEqual(await reader().read(discovery, {}));
    change();
    await expect(reader().read(discovery, {})).rejects.toMatchObject({ code });
    await expect(checked()).rejects.toMatchObject({ code });
  });

  it('include the scopes that the resource lists, from the same document', async () => {
    documents[DISCOVERY_URL] = { ...(documents[DISCOVERY_URL] as object), scopes_supported: ['a', 'b', 'a'] };
    const metadata = reader();
    await metadata.read(discovery, {});
    expect(await metadata.resourceScopes(discovery)).toEqual(['a', 'b']);
    expect(asked.filter((url) => url === DISCOVERY_URL)).toHaveLength(1);
    expect(await metadata.resourceScopes({ discoveryUrl: INSERTED })).toEqual([]);
  });

  it.each([
    ['no list', 'a b'],
    ['a scope with a space', ['a', 'b c']],
    ['a scope with a line break', ['a\r\nx: y']],
    ['an empty scope', ['']],
    ['no text', [1]],
    ['more than 100 scopes', Array.from({ length: 101 }, (_none, at) => `s${at}`)],
    ['a scope of more than 128 characters', ['a'.repeat(129)]],
    ['more than 2,048 characters', Array.from({ length: 20 }, (_none, at) => `${at}`.padStart(128, 'a'))],
  ])('have no scopes of a resource that lists %s', async (_what, scopes) => {
    documents[DISCOVERY_URL] = { ...(documents[DISCOVERY_URL] as object), scopes_supported: scopes };
    expect(await reader().resourceScopes(discovery)).toEqual([]);
    expect(await find()).toMatchObject({ issuer: ISSUER });
  });

  it('are not those of a document that claims to be a resource and a server', async () => {
    documents[DISCOVERY_URL] = { ...serverOf(RESOURCE), resource: RESOURCE, authorization_servers: [ISSUER] };
    await expect(reader().read({ discoveryUrl: DISCOVERY_URL }, {})).rejects.toMatchObject({
      code: 'invalid_metadata',
    });
  });

  it.each([
    ['resource', { resource: 'https://mcp.example/other' }],
    ['issuer', { issuer: 'https://new.example' }],
  ])('bind secrets and tokens to the %s', (_what, change) => {
    const vendor = 'CustomOauth2' as const;
    const bound = { vendor, clientId: 'agents', discovery };
    const other = { ...discovery, protectedResource: { ...protectedResource, ...change } };
    expect(clientBindingDigest({ ...bound, discovery: other })).not.toBe(clientBindingDigest(bound));
  });
});
