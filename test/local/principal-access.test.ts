/** The permissions of the local principals at the embedded KMS and Secrets Manager, with AWS SDK clients. */
import { BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { KMS, SignCommand, UntagResourceCommand } from '@aws-sdk/client-kms';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManager,
  TagResourceCommand as TagSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import type { PrincipalName } from '../../lib/local/principals';
import { startLocal, type LocalService } from '../../lib/local/start';
import { send, signed, withHeader, type Handmade } from './handmade-request';
import { temporaryFolder } from '../environment/temporary-folder';

const OWNER_TAG = 'agent-identity:owner';
const OPERATOR = 'arn:aws:iam::000000000000:user/operator';
const AGENT = 'arn:aws:iam::000000000000:role/agent';
const DENIED = { name: 'AccessDeniedException' };

const folder = temporaryFolder('principal-access');
let service: LocalService;
beforeAll(async () => {
  service = await startLocal({ port: 0, dataDir: folder, trustedIssuers: [] });
});
afterAll(() => service.close());

const settings = (principal: PrincipalName, endpoint: string) => {
  const { accessKeyId, secretAccessKey } = service.principals[principal];
  return { endpoint, region: service.region, credentials: { accessKeyId, secretAccessKey } };
};
const kms = (principal: PrincipalName = 'operator') => new KMS(settings(principal, service.awsEndpoints.kms));
const secretsManager = (principal: PrincipalName = 'operator') =>
  new SecretsManager(settings(principal, service.awsEndpoints.secretsManager));

let names = 0;
const newName = () => `made-${(names += 1)}`;

async function createKey(owner: string | undefined, as: PrincipalName = 'operator'): Promise<string> {
  const Tags = owner === undefined ? [] : [{ TagKey: OWNER_TAG, TagValue: owner }];
  const { KeyMetadata } = await kms(as).createKey({
    KeySpec: 'ECC_NIST_P256',
    KeyUsage: 'SIGN_VERIFY',
    Tags,
  });
  return KeyMetadata?.Arn ?? '';
}

async function createSecret(owner: string | undefined, as: PrincipalName = 'operator'): Promise<string> {
  const Tags = owner === undefined ? [] : [{ Key: OWNER_TAG, Value: owner }];
  const { ARN } = await secretsManager(as).createSecret({
    Name: newName(),
    SecretString: '{"key":"first"}',
    Tags,
  });
  return ARN ?? '';
}

it('a principal manages the secret with its own CA certificates, and not those of others', async () => {
  const put = (SecretId: string) =>
    secretsManager('agent').putSecretValue({ SecretId, SecretString: 'second' });
  expect(await put(await createSecret(`certificates/${AGENT}`))).toHaveProperty('VersionId');
  for (const owner of [`certificates/${OPERATOR}`, 'certificates/', `securityEvents/${AGENT}`]) {
    await expect(put(await createSecret(owner))).rejects.toMatchObject(DENIED);
  }
});

describe('the operator', () => {
  it('creates a key with which its own credential provider signs', async () => {
    const KeyId = await createKey(undefined);
    const control = new BedrockAgentCoreControl(settings('operator', service.endpoint));
    const createProvider = () =>
      control.createOauth2CredentialProvider({
        name: 'signing',
        credentialProviderVendor: 'CustomOauth2',
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: {
            clientId: 'agents',
            oauthDiscovery: { discoveryUrl: 'http://127.0.0.1:9/.well-known/openid-configuration' },
            clientAuthenticationMethod: 'PRIVATE_KEY_JWT',
            privateKeyJwtConfig: {
              privateKeySource: { kmsKeySource: { kmsKeyArn: KeyId } },
              signingAlgorithm: 'ES256',
            },
          },
        },
      });
    await expect(createProvider()).rejects.toMatchObject({
      message: expect.stringContaining('tag') as string,
    });
    await kms().tagResource({ KeyId, Tags: [{ TagKey: OWNER_TAG, TagValue: OPERATOR }] });
    expect(await createProvider()).toHaveProperty('callbackUrl');
    expect(await kms().getPublicKey({ KeyId })).toMatchObject({ KeySpec: 'ECC_NIST_P256' });
  });

  it('creates a secret that an agent reads through a credential provider, and changes its value', async () => {
    const control = new BedrockAgentCoreControl(settings('operator', service.endpoint));
    const data = new BedrockAgentCore(settings('operator', service.endpoint));
    const secretId = await createSecret(OPERATOR);
    await secretsManager().putSecretValue({ SecretId: secretId, SecretString: '{"key":"second"}' });
    await control.createWorkloadIdentity({ name: 'reader' });
    await control.createApiKeyCredentialProvider({
      name: 'external',
      apiKeySecretSource: 'EXTERNAL',
      apiKeySecretConfig: { secretId, jsonKey: 'key' },
    });
    const { workloadAccessToken: workloadIdentityToken } = await data.getWorkloadAccessToken({
      workloadName: 'reader',
    });
    const answer = await data.getResourceApiKey({
      workloadIdentityToken,
      resourceCredentialProviderName: 'external',
    });
    expect(answer.apiKey).toBe('second');
  });

  it('can manage a key of any owner', async () => {
    const KeyId = await createKey(AGENT, 'agent');
    await kms().disableKey({ KeyId });
    await kms().enableKey({ KeyId });
    const { Tags } = await kms().listResourceTags({ KeyId });
    expect(Tags).toEqual([{ TagKey: OWNER_TAG, TagValue: AGENT }]);
  });
});

it('a principal of another account cannot create a key or a secret', async () => {
  await expect(createKey(undefined, 'partner')).rejects.toMatchObject(DENIED);
  await expect(createSecret(undefined, 'partner')).rejects.toMatchObject(DENIED);
});

describe('any other principal', () => {
  it('can manage the keys and secrets whose tag names it', async () => {
    const KeyId = await createKey(AGENT);
    await kms('agent').disableKey({ KeyId });
    const SecretId = await createSecret(AGENT);
    await secretsManager('agent').putSecretValue({ SecretId, SecretString: '{}' });
    expect(await secretsManager('agent').describeSecret({ SecretId })).toHaveProperty('ARN');
  });

  it.each<[string, string | undefined]>([
    ['of another owner', OPERATOR],
    ['without an owner', undefined],
  ])('cannot change keys and secrets %s', async (_what, owner) => {
    const KeyId = await createKey(owner);
    const Tags = [{ TagKey: OWNER_TAG, TagValue: AGENT }];
    await expect(kms('agent').tagResource({ KeyId, Tags })).rejects.toMatchObject(DENIED);
    const untag = new UntagResourceCommand({ KeyId, TagKeys: [OWNER_TAG] });
    await expect(kms('stranger').send(untag)).rejects.toMatchObject(DENIED);
    const SecretId = await createSecret(owner);
    const tag = new TagSecretCommand({ SecretId, Tags: [{ Key: OWNER_TAG, Value: AGENT }] });
    await expect(secretsManager('agent').send(tag)).rejects.toMatchObject(DENIED);
    const put = new PutSecretValueCommand({ SecretId, SecretString: '{}' });
    await expect(secretsManager('gate').send(put)).rejects.toMatchObject(DENIED);
  });
});

describe('a principal', () => {
  it.each<PrincipalName>(['operator', 'agent'])(
    'cannot sign with a key or read a secret value: %s',
    async (as) => {
      const KeyId = await createKey(as === 'operator' ? OPERATOR : AGENT, as);
      const Message = Buffer.from('a signing input');
      const sign = new SignCommand({ KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256' });
      await expect(kms(as).send(sign)).rejects.toMatchObject({
        ...DENIED,
        message: expect.stringContaining('is not authorized to perform: kms:Sign') as string,
      });
      const SecretId = await createSecret(as === 'operator' ? OPERATOR : AGENT, as);
      const read = new GetSecretValueCommand({ SecretId });
      await expect(secretsManager(as).send(read)).rejects.toMatchObject(DENIED);
    },
  );

  it('cannot use the key that encrypts the vault', async () => {
    const KeyId = process.env.KMS_KEY_ARN ?? '';
    const Tags = [{ TagKey: OWNER_TAG, TagValue: OPERATOR }];
    const EncryptionContext = { purpose: 'grant' };
    const CiphertextBlob = Buffer.from('ciphertext');
    for (const attempt of [
      () => kms().disableKey({ KeyId }),
      () => kms().tagResource({ KeyId, Tags }),
      () => kms().describeKey({ KeyId: KeyId.split('/').at(-1) }),
      () => kms().generateDataKey({ KeyId, KeySpec: 'AES_256', EncryptionContext }),
      () => kms().decrypt({ CiphertextBlob }),
    ]) {
      await expect(attempt()).rejects.toMatchObject(DENIED);
    }
  });
});

describe('a request', () => {
  const createKeyRequest = (choices: Parameters<typeof signed>[1] = {}): Promise<Handmade> =>
    signed(new URL(service.awsEndpoints.kms).host, {
      path: '/',
      body: JSON.stringify({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.CreateKey' },
      service: 'kms',
      credentials: service.principals.operator,
      ...choices,
    });

  it('with a valid signature succeeds', async () => {
    expect(await send(await createKeyRequest())).toMatchObject({ status: 200 });
  });

  it.each<[string, () => Promise<Handmade>, string]>([
    [
      'signed with another secret key',
      () =>
        createKeyRequest({
          credentials: { ...service.principals.operator, secretAccessKey: 'another secret key' },
        }),
      'InvalidSignatureException',
    ],
    [
      'signed for another service',
      () => createKeyRequest({ service: 'secretsmanager' }),
      'InvalidSignatureException',
    ],
    [
      'signed too long ago',
      () => createKeyRequest({ signingDate: new Date(Date.now() - 600_000) }),
      'InvalidSignatureException',
    ],
    [
      'for another operation than the one that was signed',
      async () => withHeader(await createKeyRequest(), 'x-amz-target', 'TrentService.ListResourceTags'),
      'InvalidSignatureException',
    ],
    [
      'whose body was changed',
      async () => ({
        ...(await createKeyRequest()),
        body: '{"KeySpec":"RSA_2048","KeyUsage":"SIGN_VERIFY"}',
      }),
      'InvalidSignatureException',
    ],
    [
      'of a web page',
      async () => withHeader(await createKeyRequest(), 'origin', service.endpoint),
      'AccessDeniedException',
    ],
    [
      'to a name that is not loopback',
      async () => withHeader(await createKeyRequest(), 'host', 'rebound.example'),
      'AccessDeniedException',
    ],
    [
      'by an unknown access key',
      () =>
        createKeyRequest({
          credentials: { ...service.principals.operator, accessKeyId: 'AKIAAAAAAAAAAAAAAAAA' },
        }),
      'AccessDeniedException',
    ],
  ])('%s is rejected', async (_what, make, type) => {
    const { status, body } = await send(await make());
    expect(status).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ __type: type });
  });
});
