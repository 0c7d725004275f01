/** The request that registers a client at an authorization server (RFC 7591). */
import { registerClient } from '../../lambda/domain/oauth/register-client';
import type { Metadata } from '../../lambda/domain/oauth/provider-metadata';

/** Returns the metadata of the client that the service requests. */
async function requested(
  methods: readonly string[] | undefined,
  redirectUri = 'https://identity.example/callback',
): Promise<unknown> {
  let body: unknown;
  const metadata: Metadata = {
    issuer: 'https://as.example',
    registration_endpoint: 'https://as.example/register',
    ...(methods && { token_endpoint_auth_methods_supported: [...methods] }),
  };
  const transport = (_url: string, init: { readonly body?: unknown }) => {
    body = JSON.parse(String(init.body));
    return Promise.resolve(Response.json({ client_id: 'client', client_secret: 's' }, { status: 201 }));
  };
  await registerClient({ transport, endpointPolicy: { loopback: true } }, metadata, { redirectUri });
  return body;
}

it.each([
  ['none', ['client_secret_basic', 'client_secret_post', 'none']],
  ['client_secret_post', ['client_secret_post', 'client_secret_basic']],
  ['client_secret_basic', ['private_key_jwt', 'client_secret_basic', 'client_secret_post']],
  ['client_secret_basic', undefined],
])('authenticates with %s at a server that lists %j', async (method, listed) => {
  expect(await requested(listed)).toMatchObject({ token_endpoint_auth_method: method });
});

it.each([
  ['web', 'https://identity.example/callback'],
  ['native', 'http://127.0.0.1:4600/callback'],
  ['native', 'http://localhost:4600/callback'],
])('is of the type %s with the callback URL %s', async (application_type, redirectUri) => {
  expect(await requested(['none'], redirectUri)).toMatchObject({ application_type });
});

it('is not made at a server whose methods the service cannot use', async () => {
  await expect(requested(['tls_client_auth', 'constructor'])).rejects.toMatchObject({
    code: 'invalid_metadata',
  });
});
