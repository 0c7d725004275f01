/**
 * The credential of a provider's client: its secret, wherever it is stored, or an assertion that is created when it
 * is needed.
 */
import type { Oauth2Provider } from '../../lambda/model/provider/record';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { clientSecretContext } from '../../lambda/domain/provider/oauth2-provider';
import { OWNER_TAG } from '../../lambda/domain/ownership';
import { createExternalSecrets } from '../../lambda/domain/sealing/external-secret';
import {
  createProviderClients,
  type ProviderClientDependencies,
} from '../../lambda/domain/oauth/provider-client';
import type { ServerConnection } from '../../lambda/domain/server-connection';
import type { WebIdentityRequest } from '../../lambda/domain/oauth/web-identity';
import { createFakeSystem } from './fake-system';
import { createInMemorySeal } from './in-memory-seal';
import { createInMemorySecretTexts } from './in-memory-secret-texts';
import { createInMemoryStores } from './in-memory-stores';
import { NO_ASSERTIONS } from './no-assertions';
import { OWNER, sampleIdentity, sampleProvider } from './samples';

const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:client-AbCdEf';
const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/one';
const TOKEN_ENDPOINT = 'https://provider.example/token';
const { arn: workload } = sampleIdentity();
const system = createFakeSystem();

/** Returns the client's credential, and the calls of the dependencies. */
async function credentialOf(change: Partial<Oauth2Provider>, secret: string | undefined = undefined) {
  const stores = createInMemoryStores();
  const seal = createInMemorySeal();
  const provider = sampleProvider(change);
  const asked: WebIdentityRequest[] = [];
  /** How each request for metadata, and each other request, reaches the server. */
  const connections: (ServerConnection | undefined)[] = [];
  const signed: object[] = [];
  if (secret !== undefined) {
    await stores.clientSecrets.put(provider.id, await seal.seal(clientSecretContext(provider), secret), 1);
  }
  const deps: ProviderClientDependencies = {
    ...NO_ASSERTIONS,
    clientSecrets: stores.clientSecrets,
    externalSecrets: createExternalSecrets(
      createInMemorySecretTexts({ [SECRET]: { tags: { [OWNER_TAG]: OWNER }, text: '{"key":"elsewhere"}' } }),
      system,
    ),
    seal,
    system,
    transport: (_url, { connection }) => {
      connections.push(connection);
      return Promise.resolve(new Response());
    },
    endpointPolicy: { loopback: false },
    metadata: {
      read(_discovery, connection) {
        connections.push(connection);
        return Promise.resolve({ issuer: 'https://provider.example' });
      },
    },
    webIdentityTokens: {
      get(request) {
        asked.push(request);
        return Promise.resolve('by AWS');
      },
    },
    assertionKeys: {
      sign({ signingInput, ...request }) {
        signed.push(request);
        return Promise.resolve(Buffer.from(`signature of ${signingInput.length}`).toString('base64url'));
      },
    },
  };
  const { credential, transport } = await createProviderClients(deps).of(provider, workload);
  return { credential, transport, asked, signed, connections, provider };
}

/** Returns the assertion for the token endpoint. */
function assertionOf({ credential }: Awaited<ReturnType<typeof credentialOf>>): Promise<string> {
  if (!('assert' in credential)) throw new Error('a secret');
  return credential.assert(TOKEN_ENDPOINT);
}

it.each(['CLIENT_SECRET_BASIC', 'CLIENT_SECRET_POST'] as const)(
  'the credential is the secret from the token vault: %s',
  async (method) => {
    const { credential } = await credentialOf({ clientAuthenticationMethod: method }, 'the-secret');
    expect(credential).toEqual({ secret: 'the-secret' });
  },
);

it('the credential is the external secret, even if the token vault has a secret', async () => {
  const externalSecret = { arn: SECRET, jsonKey: 'key' };
  expect((await credentialOf({ externalSecret }, 'old')).credential).toEqual({ secret: 'elsewhere' });
});

it('a missing secret is an internal error', async () => {
  await expect(credentialOf({})).rejects.toThrow('the provider has no client secret');
});

it('the credential is an AWS token for the agent and the owner, requested when it is needed', async () => {
  const client = await credentialOf({ clientAuthenticationMethod: 'AWS_IAM_ID_TOKEN_JWT' });
  expect(client.asked).toEqual([]);
  expect(await assertionOf(client)).toBe('by AWS');
  expect(client.asked).toEqual([{ audience: TOKEN_ENDPOINT, workload, owner: OWNER }]);
});

it("the credential is an assertion by the owner's signing key, a new one each time", async () => {
  const client = await credentialOf({
    clientAuthenticationMethod: 'PRIVATE_KEY_JWT',
    privateKeyJwt: { keyArn: KEY, algorithm: 'ES256', headerClaims: {}, payloadClaims: {} },
  });
  expect(client.signed).toEqual([]);
  const [one, other] = [await assertionOf(client), await assertionOf(client)];
  expect(decodeProtectedHeader(one)).toEqual({ alg: 'ES256', typ: 'JWT' });
  const { clientId } = client.provider;
  expect(decodeJwt(one)).toMatchObject({ iss: clientId, sub: clientId, aud: TOKEN_ENDPOINT });
  expect(decodeJwt(other).jti).not.toBe(decodeJwt(one).jti);
  expect(client.signed[0]).toEqual({ keyArn: KEY, algorithm: 'ES256', owner: OWNER });
});

it('a missing signing key is an internal error', async () => {
  const change = { clientAuthenticationMethod: 'PRIVATE_KEY_JWT' } as const;
  await expect(credentialOf(change)).rejects.toThrow('the provider has no signing key');
});

const PRIVATE = {
  privateEndpoint: {
    selfManagedLatticeResource: { resourceConfigurationIdentifier: 'rcfg-0123456789abcdef0' },
  },
};

it.each<[string, Partial<Oauth2Provider>, object]>([
  [
    'trusts certificates in a secret',
    { certificateSecretArn: SECRET },
    { authorities: { secretArn: SECRET, holder: { id: 'provider-1' } } },
  ],
  [
    'trusts certificates in an object',
    { certificateObject: { uri: 's3://b/ca.pem' } },
    { authorities: { objectUri: 's3://b/ca.pem', holder: { id: 'provider-1' } } },
  ],
  [
    'goes to the private endpoint',
    PRIVATE,
    { authorities: undefined, endpoints: { ...PRIVATE, privateEndpointOverrides: undefined } },
  ],
  [
    'trusts the public authorities, and goes to the addresses of the host',
    {},
    { authorities: undefined, endpoints: undefined },
  ],
])('every request of the client %s', async (_what, members, expected) => {
  const client = await credentialOf({ id: 'provider-1', ...members }, 'the-secret');
  await client.transport(TOKEN_ENDPOINT, { method: 'POST', headers: {} });
  expect(client.connections).toHaveLength(2);
  expect(client.connections).toMatchObject([expected, expected]);
});
