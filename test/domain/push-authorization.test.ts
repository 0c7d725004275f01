/**
 * Pushing a request, in the function that can decrypt client secrets. Its caller might be a compromised public
 * function, and gets a request URI for an honest request or nothing.
 */
import { pushAuthorization } from '../../lambda/domain/consent/push';
import type { PushRequest } from '../../lambda/model/events/provider-client';
import { ProviderFailure } from '../../lambda/domain/oauth/provider-failure';
import { callbackUrl, clientBindingDigest } from '../../lambda/domain/provider/oauth2-provider';
import { MAX_LIFETIME } from '../../lambda/domain/stated-lifetime';
import { PUSH_ENDPOINT } from './authorization-server';
import { createConsentService, type ConsentService } from './consent-service';
import { ISSUER } from './samples';

let service: ConsentService;
let honest: PushRequest;

beforeEach(async () => {
  service = await createConsentService();
  service.server.metadata = { pushed_authorization_request_endpoint: PUSH_ENDPOINT };
  const { identity, provider } = service;
  honest = {
    workload: { name: identity.name, id: identity.id },
    provider: { name: provider.name, id: provider.id },
    client: clientBindingDigest(provider),
    parameters: [
      ['response_type', 'code'],
      ['client_id', provider.clientId],
      ['redirect_uri', callbackUrl(ISSUER, provider.callbackId)],
      ['state', 'of-the-session'],
      ['resource', 'https://a.example'],
      ['resource', 'https://b.example'],
    ],
  };
});

const push = (request: PushRequest) => pushAuthorization(service.deps, request);

/** Returns the honest request with this parameter in place of the original one, if there is one. */
const having = (name: string, ...values: string[]): PushRequest => ({
  ...honest,
  parameters: [
    ...honest.parameters.filter(([other]) => other !== name),
    ...values.map((value) => [name, value] as const),
  ],
});

/** @param reason the reason in the audit entry */
async function refused(request: PushRequest, reason: string): Promise<void> {
  await expect(push(request)).rejects.toBeInstanceOf(ProviderFailure);
  await expect(push(request)).rejects.toMatchObject({ code: 'unauthorized_client', unavailable: false });
  expect(service.server.requests).toEqual([]);
  const { provider } = request;
  expect(service.entries.at(-1)).toMatchObject({
    operation: 'PushAuthorizationRequest',
    outcome: 'failed',
    provider: provider.name,
    reason,
  });
}

it("sends each parameter with the client's authentication, and returns the request URI", async () => {
  const { requestUri, expiresIn } = await push(honest);
  expect(requestUri).toMatch(/^urn:ietf:params:oauth:request_uri:/);
  expect(expiresIn).toBe(60);
  const [sent, ...others] = service.server.requests;
  expect(others).toEqual([]);
  expect(sent?.credentials).toBe(`${service.provider.clientId}:secret`);
  expect([...(sent?.form ?? [])].sort()).toEqual([...honest.parameters].sort());
  expect(service.entries).toEqual([
    {
      operation: 'PushAuthorizationRequest',
      outcome: 'allowed',
      provider: service.provider.name,
      workloadIdentity: service.identity.arn,
      credentialProvider: service.provider.arn,
    },
  ]);
});

it('limits the returned lifetime, whatever the provider states', async () => {
  service.server.pushLifetime = 1e200;
  expect(await push(honest)).toMatchObject({ expiresIn: MAX_LIFETIME });
});

describe('is rejected for', () => {
  it.each<[string, (request: PushRequest) => Partial<PushRequest>, string]>([
    [
      'an agent that does not exist',
      () => ({ workload: { name: 'none', id: 'none' } }),
      'the workload identity was deleted',
    ],
    [
      'an agent that was deleted and recreated',
      ({ workload }) => ({ workload: { ...workload, id: 'earlier' } }),
      'the workload identity was deleted',
    ],
    [
      'a provider that does not exist',
      () => ({ provider: { name: 'none', id: 'none' } }),
      'the credential provider was deleted',
    ],
    [
      'a provider that was deleted and recreated',
      ({ provider }) => ({ provider: { ...provider, id: 'earlier' } }),
      'the credential provider was deleted',
    ],
    [
      'another client or server',
      () => ({ client: 'another' }),
      'the credential provider was reconfigured after the session began',
    ],
  ])('%s', (_what, change, reason) => refused({ ...honest, ...change(honest) }, reason));

  it.each<[string, string, ...string[]]>([
    ['a redirect URI of another host', 'redirect_uri', 'https://attacker.example'],
    ['two redirect URIs', 'redirect_uri', 'https://attacker.example', 'https://b.example'],
    ['no redirect URI', 'redirect_uri'],
    ['another client ID', 'client_id', 'attacker'],
    ['a response type that includes a token', 'response_type', 'code token'],
    ['two response types', 'response_type', 'code', 'token'],
  ])('%s', (_what, name, ...values) => refused(having(name, ...values), `${name} is not the provider's`));

  it.each([
    ['another response mode', 'response_mode', 'form_post'],
    ['a request object', 'request', 'eyJ'],
    ['a nested request URI', 'request_uri', 'urn:x'],
  ])('%s', (_what, name, value) => refused(having(name, value), `${name} is not allowed in pushed requests`));

  it.each(['Redirect_Uri', 'redirect.uri', 'Client_Id', 'response.type'])(
    'another spelling of a parameter: %s',
    (name) => {
      const parameters = [[name, 'attacker'] as const, ...honest.parameters];
      const read = name.replace('.', '_').toLowerCase();
      return refused({ ...honest, parameters }, `${read} is present in another spelling`);
    },
  );

  it('a repeated redirect URI', () => {
    const redirect = honest.parameters.find(([name]) => name === 'redirect_uri');
    const parameters = [...honest.parameters, redirect ?? (['', ''] as const)];
    return refused({ ...honest, parameters }, "redirect_uri is not the provider's");
  });
});

it('fails for an external secret that cannot be read, with the reason for the operator only', async () => {
  const { stores, provider } = service;
  const external = {
    ...provider,
    externalSecret: {
      arn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:gone',
      jsonKey: 'secret',
    },
    revision: 2,
  };
  await stores.providers.replace(external);
  await expect(push(honest)).rejects.toMatchObject({ code: 'unauthorized_client', unavailable: true });
  expect(service.server.requests).toEqual([]);
  expect(service.entries.at(-1)).toMatchObject({
    outcome: 'failed',
    provider: provider.name,
    reason: expect.stringContaining('secret:gone: it does not exist') as unknown,
  });
});

it('no consent begins if the provider requires pushed requests but states no endpoint for them', async () => {
  service.server.metadata = { require_pushed_authorization_requests: true };
  await expect(service.begin()).rejects.toMatchObject({
    code: 'invalid_metadata',
    detail: 'the provider requires pushed requests but publishes no endpoint for them',
    unavailable: false,
  });
  expect(await service.stores.grants.get(service.grantId)).toBeUndefined();
});

it('does not report an internal error as a provider failure', async () => {
  const fault = new TypeError('a fault');
  const directory = { read: () => Promise.reject(fault) };
  await expect(pushAuthorization({ ...service.deps, directory }, honest)).rejects.toBe(fault);
  expect(service.entries.at(-1)).toMatchObject({ outcome: 'failed', reason: 'internal error' });
});

it('fails if the provider no longer has an endpoint for pushed requests', async () => {
  service.server.metadata = {};
  await expect(push(honest)).rejects.toMatchObject({
    code: 'invalid_metadata',
    detail: 'the provider no longer offers pushed authorization requests',
  });
  expect(service.server.requests).toEqual([]);
});

it.each([
  [
    'a rejection by the provider',
    () => Response.json({ error: 'invalid_scope', error_description: 'x' }, { status: 400 }),
    { code: 'invalid_scope', unavailable: false },
    'pushed authorization request endpoint responded with 400 invalid_scope: "x"',
  ],
  [
    'an unavailable provider',
    () => Response.json({ error: 'server_error' }, { status: 503 }),
    { code: 'temporarily_unavailable', unavailable: true },
    'pushed authorization request endpoint: OAUTH_RESPONSE_IS_NOT_CONFORM',
  ],
  [
    'a request URI with a line break',
    () => Response.json({ request_uri: 'urn:x\r\ny', expires_in: 60 }, { status: 201 }),
    { code: 'invalid_response', unavailable: false },
    'pushed authorization request endpoint: request_uri is not a URI of bounded length',
  ],
  [
    'a request URI that is too long',
    () => Response.json({ request_uri: `urn:${'x'.repeat(2045)}`, expires_in: 60 }, { status: 201 }),
    { code: 'invalid_response', unavailable: false },
    'pushed authorization request endpoint: request_uri is not a URI of bounded length',
  ],
])('says in the audit entry what %s means', async (_what, answer, failure, detail) => {
  service.server.instead.push(answer());
  await expect(push(honest)).rejects.toMatchObject(failure);
  expect(service.entries.at(-1)).toMatchObject({ outcome: 'failed', reason: detail });
});

it('accepts a request URI of the maximum length', async () => {
  const requestUri = `urn:${'x'.repeat(2044)}`;
  service.server.instead.push(Response.json({ request_uri: requestUri, expires_in: 5 }, { status: 201 }));
  expect(await push(honest)).toEqual({ requestUri, expiresIn: 5 });
});
