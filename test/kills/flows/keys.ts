/** Rotation of keys, and the move of the token vault to another KMS key. */
import assert from 'node:assert/strict';
import { KMS } from '@aws-sdk/client-kms';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { PREFIX } from '../../../lambda/model/table-keys';
import { LOCAL_REGION } from '../../../lib/local/principals';
import type { Flow, Run } from '../flow';
import type { Stage } from '../stage';

const USER = 'ana';

/** Seconds after which no function has an earlier key in memory, and after which a rotated key signs. */
const MEMORY = 301;
const ROTATION_LEAD = 901;

interface Rotated {
  readonly signingKey: { readonly kid: string };
}

const kidOf = (token: string): string | undefined => decodeProtectedHeader(token).kid;

const isPublished = async ({ cloud }: Stage, token: string): Promise<boolean> => {
  const keys = createRemoteJWKSet(new URL(`${cloud.endpoint}/.well-known/jwks.json`));
  // The clock of the service is ahead.
  return jwtVerify(token, keys, { currentDate: new Date(0) }).then(
    () => true,
    () => false,
  );
};

const signingKeyRotation: Flow = {
  name: 'rotation of the signing key',
  alone: true,
  async prepare(stage): Promise<Run> {
    const agent = await stage.agent();
    const before = await agent.token();
    let next = '';
    return {
      async run() {
        const { signingKey } = (await stage.invoke('key-rotation', { rotate: 'signing-key' })) as Rotated;
        next = signingKey.kid;
      },
      async check() {
        assert.notEqual(kidOf(before), next);
        const keys = (await stage.tables.items('Directory')).filter(({ pk }) => pk === PREFIX.signingKey);
        // The key of the next period can be there.
        const periods = keys.map(({ period }) => Number(period));
        assert.equal(periods.filter((period) => period === Math.min(...periods)).length, 2);
        await stage.cloud.moveClock(ROTATION_LEAD);
        assert.equal(kidOf(await agent.token()), next, 'one rotation, whose key signs');
        assert.ok(await isPublished(stage, before), 'earlier tokens stay valid');
        return {};
      },
    };
  },
};

const signingKeyRevocation: Flow = {
  name: 'revocation of the signing key',
  alone: true,
  async prepare(stage): Promise<Run> {
    const agent = await stage.agent();
    const before = await agent.token();
    const kid = kidOf(before);
    return {
      run: async () => {
        await stage.invoke('key-rotation', { revoke: 'signing-key', kid });
      },
      async check() {
        await stage.cloud.moveClock(MEMORY);
        assert.ok(!(await isPublished(stage, before)), 'tokens of the revoked key are not valid');
        const after = await agent.token();
        assert.notEqual(kidOf(after), kid);
        assert.ok(await isPublished(stage, after));
        return {};
      },
    };
  },
};

/** An agent with what the token vault can contain, and a check that all of it is returned as before. */
async function equipped(stage: Stage) {
  const { agent, accessToken } = await stage.connected(USER);
  const name = stage.name('keys');
  await stage.cloud.control().createApiKeyCredentialProvider({ name, apiKey: 'the-api-key' });
  const checkHeld = async (): Promise<void> => {
    const held = await stage.ask(agent, USER);
    assert.ok(held.accessToken === accessToken, 'the stored token is returned');
    const workloadIdentityToken = await agent.token();
    const { apiKey } = await agent.client.getResourceApiKey({
      workloadIdentityToken,
      resourceCredentialProviderName: name,
    });
    assert.ok(apiKey === 'the-api-key', 'the API key is returned');
    // The client secret is in the token vault, too.
    const own = await stage.ask(agent, undefined, {
      oauth2Flow: 'M2M',
      scopes: ['a'],
      forceAuthentication: true,
    });
    assert.ok(own.accessToken !== undefined);
  };
  return { agent, checkHeld };
}

const vaultKeyRotation: Flow = {
  name: 'rotation of the vault keys of an agent',
  // A repetition creates a key for each purpose again.
  leftovers: { 'Keys VAULT-KEY': 3 },
  async prepare(stage): Promise<Run> {
    const { agent, checkHeld } = await equipped(stage);
    return {
      run: async () => {
        await stage.invoke('key-rotation', { rotate: 'vault-keys', workloadIdentity: agent.name });
      },
      async check() {
        await stage.cloud.restart();
        await checkHeld();
        return {};
      },
    };
  },
};

const move = (isBack: boolean): Flow => ({
  name: `move of the token vault ${isBack ? 'back to the KMS key of the deployment' : 'to another KMS key'}`,
  omittedFromQuick: isBack,
  alone: true,
  // What an agent obtains between the kill and the repetition is under a new vault key.
  leftovers: { 'Keys VAULT-KEY': 1 },
  async prepare(stage): Promise<Run> {
    const { cloud } = stage;
    const { checkHeld } = await equipped(stage);
    const { credentials, endpoints } = cloud.emulators.access;
    const kms = new KMS({ region: LOCAL_REGION, credentials, endpoint: endpoints.kms });
    const { KeyMetadata } = await kms.createKey({});
    kms.destroy();
    const kmsKeyArn = KeyMetadata?.Arn ?? '';
    const control = cloud.control('operator');
    const customer = { keyType: 'CustomerManagedKey', kmsKeyArn } as const;
    const kmsConfiguration = isBack ? ({ keyType: 'ServiceManagedKey' } as const) : customer;
    if (isBack) await control.setTokenVaultCMK({ kmsConfiguration: customer });
    return {
      run: async () => {
        // Between the kill and the repetition, everything is returned: checked below with a process that knows no key.
        await cloud.retry(() => control.setTokenVaultCMK({ kmsConfiguration }), checkHeld);
      },
      async check() {
        const vault = await control.getTokenVault({});
        assert.deepEqual(vault.kmsConfiguration, kmsConfiguration);
        const wrapping = new Set((await stage.tables.items('Keys')).map((key) => key.kmsKeyArn));
        const expected = isBack ? cloud.emulators.access.kmsKeyArn : kmsKeyArn;
        assert.deepEqual([...wrapping], [expected], 'every vault key is under the KMS key');
        await cloud.restart();
        await checkHeld();
        return {};
      },
    };
  },
});

export const KEY_FLOWS: readonly Flow[] = [
  signingKeyRotation,
  signingKeyRevocation,
  vaultKeyRotation,
  move(false),
  move(true),
];
