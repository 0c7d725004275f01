/**
 * Pushing a request, as the function does it that may open client secrets: who asks may be the public function gone
 * bad, and gets a reference to an honest request, or nothing.
 */
import { type PushRequest, pushAuthorization } from '../../lambda/domain/consent/push';
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

/** The honest request with this parameter in place of its own, if it has one. */
const having = (name: string, ...values: string[]): PushRequest => ({
  ...honest,
  parameters: [
    ...honest.parameters.filter(([other]) => other !== name),
    ...values.map((value) => [name, value] as const),
  ],
});

/** @param reason what the operator is told */
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

it('sends each parameter, as the client, and brings the reference', async () => {
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

it('brings a lifetime that a clock can count, whatever the provider states', async () => {
  service.server.pushLifetime = 1e200;
  expect(await push(honest)).toMatchObject({ expiresIn: MAX_LIFETIME });
});

describe('is refused for', () => {
  it.each<[string, (request: PushRequest) => Partial<PushRequest>, string]>([
    [
      'an agent that is not there',
      () => ({ workload: { name: 'none', id: 'none' } }),
      'the workload identity was deleted',
    ],
    [
      'an agent of an earlier life',
      ({ workload }) => ({ workload: { ...workload, id: 'earlier' } }),
      'the workload identity was deleted',
    ],
    [
      'a provider that is not there',
      () => ({ provider: { name: 'none', id: 'none' } }),
      'the credential provider was deleted',
    ],
    [
      'a provider of an earlier life',
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
    ['an answer that goes elsewhere', 'redirect_uri', 'https://attacker.example'],
    ['an answer that goes to two places', 'redirect_uri', 'https://attacker.example', 'https://b.example'],
    ['no place for the answer', 'redirect_uri'],
    ['another client', 'client_id', 'attacker'],
    ['a token in the answer', 'response_type', 'code token'],
    ['two kinds of answer', 'response_type', 'code', 'token'],
  ])('%s', (_what, name, ...values) => refused(having(name, ...values), `${name} is not the provider's`));

  it.each([
    ['an answer in another form', 'response_mode', 'form_post'],
    ['a request object', 'request', 'eyJ'],
    ['a reference inside', 'request_uri', 'urn:x'],
  ])('%s', (_what, name, value) => refused(having(name, value), `${name} is not allowed in pushed requests`));

  it.each(['Redirect_Uri', 'redirect.uri', 'Client_Id', 'response.type'])('another spelling: %s', (name) => {
    const parameters = [[name, 'attacker'] as const, ...honest.parameters];
    const read = name.replace('.', '_').toLowerCase();
    return refused({ ...honest, parameters }, `${read} is present in another spelling`);
  });

  it("the right answer's place, named twice", () => {
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

it('is not to be avoided at a provider that insists on it and says not where: no consent begins', async () => {
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

it('fails at a provider that offers it no more', async () => {
  service.server.metadata = {};
  await expect(push(honest)).rejects.toMatchObject({
    code: 'invalid_metadata',
    detail: 'the provider no longer offers pushed authorization requests',
  });
  expect(service.server.requests).toEqual([]);
});

it.each([
  [
    "the provider's refusal",
    () => Response.json({ error: 'invalid_scope', error_description: 'x' }, { status: 400 }),
    { code: 'invalid_scope', unavailable: false },
    'pushed authorization request endpoint answered 400 invalid_scope',
  ],
  [
    'its time of need',
    () => Response.json({ error: 'server_error' }, { status: 503 }),
    { code: 'temporarily_unavailable', unavailable: true },
    'pushed authorization request endpoint: OAUTH_RESPONSE_IS_NOT_CONFORM',
  ],
  [
    'a reference with a line break',
    () => Response.json({ request_uri: 'urn:x\r\ny', expires_in: 60 }, { status: 201 }),
    { code: 'invalid_response', unavailable: false },
    'pushed authorization request endpoint: request_uri is not a URI of bounded length',
  ],
  [
    'a reference without bounds',
    () => Response.json({ request_uri: `urn:${'x'.repeat(2045)}`, expires_in: 60 }, { status: 201 }),
    { code: 'invalid_response', unavailable: false },
    'pushed authorization request endpoint: request_uri is not a URI of bounded length',
  ],
])('passes on %s by its code alone', async (_what, answer, failure, detail) => {
  service.server.instead.push(answer());
  await expect(push(honest)).rejects.toMatchObject(failure);
  expect(service.entries.at(-1)).toMatchObject({ outcome: 'failed', reason: detail });
});

it('takes a reference that is as long as may be', async () => {
  const requestUri = `urn:${'x'.repeat(2044)}`;
  service.server.instead.push(Response.json({ request_uri: requestUri, expires_in: 5 }, { status: 201 }));
  expect(await push(honest)).toEqual({ requestUri, expiresIn: 5 });
});
