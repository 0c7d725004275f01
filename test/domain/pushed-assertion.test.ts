/** An assertion is for the server of the token endpoint, and is not sent to another server. */
import { pushAuthorizationRequest } from '../../lambda/domain/oauth/pushed-authorization';
import type { ProviderClient } from '../../lambda/domain/oauth/token-request';
import { createTokenClient, json } from './token-client';

const PUSHED = { request_uri: 'urn:x', expires_in: 60 };

/** Pushes a request as a client that authenticates with an assertion, to the endpoint in the discovery document. */
async function pushedTo(endpoint: string) {
  const service = await createTokenClient(
    () => json(PUSHED, 201),
    {},
    {
      pushed_authorization_request_endpoint: endpoint,
    },
  );
  const assertions: string[] = [];
  const assert = (audience: string) => {
    assertions.push(audience);
    return Promise.resolve('assertion');
  };
  const client: ProviderClient = { ...service.client, credential: { assert } };
  const pushed = pushAuthorizationRequest(client, new URLSearchParams());
  return { pushed, assertions, requests: service.requests };
}

it('pushes an assertion to the server of the token endpoint', async () => {
  const { pushed, assertions, requests } = await pushedTo('https://provider.example/par');
  await expect(pushed).resolves.toEqual({ requestUri: 'urn:x', expiresIn: 60 });
  expect(assertions).toEqual(['https://provider.example/token']);
  expect(requests[0]?.form.get('client_assertion')).toBe('assertion');
});

it.each([
  ['another host', 'https://attacker.example/par'],
  ['another port', 'https://provider.example:8443/par'],
  ['a host that only begins with the same name', 'https://provider.example.attacker.example/par'],
])('neither creates nor sends an assertion for %s', async (_which, endpoint) => {
  const { pushed, assertions, requests } = await pushedTo(endpoint);
  await expect(pushed).rejects.toMatchObject({ code: 'invalid_metadata', unavailable: false });
  expect([assertions, requests]).toEqual([[], []]);
});
