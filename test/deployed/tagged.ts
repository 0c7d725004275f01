/**
 * Secrets and signing keys that their owners keep in Secrets Manager and KMS: the deployed roles have access only to
 * those with the owner tag.
 */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { ok, rejects, strictEqual } from 'node:assert';
import { KMS } from '@aws-sdk/client-kms';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { OWNER_TAG } from '../../lambda/domain/ownership';
import { startProvider } from '../flows/support/provider';
import { AGENT, putSecret } from '../flows/support/secrets';
import { TestAgent } from '../flows/support/world';
import type { Callers } from './callers';
import type { Checks } from './checks';
import type { DeployedFunctions } from './deployed-functions';
import type { Front } from './front';
import { credentialsOf } from './roles';

const NAME = 'agent-with-keys-elsewhere';

async function signingKey(kms: KMS, tagged: boolean): Promise<string> {
  const Tags = tagged ? [{ TagKey: OWNER_TAG, TagValue: AGENT }] : [];
  const { KeyMetadata } = await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', Tags });
  return KeyMetadata?.Arn ?? '';
}

async function publicJwk(kms: KMS, KeyId: string): Promise<JsonWebKey> {
  const { PublicKey } = await kms.getPublicKey({ KeyId });
  const key = Buffer.from(PublicKey ?? new Uint8Array());
  return createPublicKey({ key, format: 'der', type: 'spki' }).export({ format: 'jwk' });
}

/** An authorization server that knows only the public key of its client (RFC 7523 section 2.2). */
const serverFor = (jwk: JsonWebKey) =>
  startProvider({
    clients: [
      {
        client_id: 'agents',
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        jwks: { keys: [{ ...jwk, kid: 'agents-1', alg: 'ES256', use: 'sig' }] },
        redirect_uris: ['http://127.0.0.1:9/placeholder'],
        grant_types: ['client_credentials'],
        response_types: [],
      },
    ],
  });

export async function checkTagged(
  checks: Checks,
  functions: DeployedFunctions,
  callers: Callers,
  front: Front,
): Promise<void> {
  const control = callers.control(front.principals.agent);
  const agent = new TestAgent(callers.data(), NAME, 'keyed-provider', '');
  const ofRetrieval = { credentials: credentialsOf(functions.of('credential-retrieval')), maxAttempts: 1 };
  await control.createWorkloadIdentity({ name: NAME });

  await checks.check('an API key with the owner tag can stay in Secrets Manager', async () => {
    const { arn } = await putSecret({ key: 'an-api-key-elsewhere' });
    await control.createApiKeyCredentialProvider({
      name: 'external-keys',
      apiKeySecretSource: 'EXTERNAL',
      apiKeySecretConfig: { secretId: arn, jsonKey: 'key' },
    });
    const { apiKey } = await agent.client.getResourceApiKey({
      workloadIdentityToken: await agent.token(),
      resourceCredentialProviderName: 'external-keys',
    });
    strictEqual(apiKey, 'an-api-key-elsewhere');
  });

  await checks.check('the functions cannot read a secret without the tag', async () => {
    const { arn } = await putSecret({ key: 'without-owner' }, null);
    const read = new SecretsManager(ofRetrieval).getSecretValue({ SecretId: arn });
    await rejects(read, { name: 'AccessDeniedException' });
  });

  const kms = new KMS({});
  await checks.check('a client can authenticate with a KMS key that has the owner tag', async () => {
    const kmsKeyArn = await signingKey(kms, true);
    const server = await serverFor(await publicJwk(kms, kmsKeyArn));
    try {
      await control.createOauth2CredentialProvider({
        name: agent.providerName,
        credentialProviderVendor: 'CustomOauth2',
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: {
            clientId: server.clientId,
            clientAuthenticationMethod: 'PRIVATE_KEY_JWT',
            privateKeyJwtConfig: {
              privateKeySource: { kmsKeySource: { kmsKeyArn } },
              signingAlgorithm: 'ES256',
            },
            oauthDiscovery: { discoveryUrl: server.discoveryUrl },
          },
        },
      });
      const { accessToken } = await agent.ask(await agent.token(), {
        oauth2Flow: 'M2M',
        scopes: ['a'],
        resourceOauth2ReturnUrl: undefined,
      });
      ok(accessToken);
      const [exchange] = server.exchanges;
      strictEqual(accessToken, exchange?.answer.access_token);
      ok(exchange?.request.has('client_assertion'));
    } finally {
      await server.close();
    }
  });

  await checks.check('the functions cannot sign with a KMS key without the tag', async () => {
    const untagged = await signingKey(kms, false);
    const sign = new KMS(ofRetrieval).sign({
      KeyId: untagged,
      Message: Buffer.alloc(32),
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_256',
    });
    await rejects(sign, { name: 'AccessDeniedException' });
  });
}
