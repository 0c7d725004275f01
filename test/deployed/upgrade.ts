/** Further deployments: without a change, with a change, and the removal. The content of the vault survives. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert';
import { KMS } from '@aws-sdk/client-kms';
import { Lambda } from '@aws-sdk/client-lambda';
import { OPERATIONS } from '../../lambda/operations';
import { PREFIX, TABLES, type TableName } from '../../lambda/model/table-keys';
import type { Callers } from './callers';
import type { Cdk } from './cdk';
import type { Checks } from './checks';
import { DeployedFunctions } from './deployed-functions';
import type { Records } from './records';
import { checkRoles } from './roles';
import type { RegisteredAgent } from './registration';

export interface Deployed {
  readonly cdk: Cdk;
  /** Command of the CDK app. */
  readonly app: string;
  /** The current deployment. */
  readonly assembly: string;
  readonly records: Records;
  /** Address of the deployed API's stage, without a trailing slash. */
  readonly api: string;
  readonly registered: RegisteredAgent;
  readonly callers: Callers;
}

/** The trusted issuer that an update adds. */
/** Its security events are polled, so the service gets the function `event-poll`. */
const ANOTHER_ISSUER = {
  discoveryUrl: 'https://idp.example.com/.well-known/openid-configuration',
  allowedAudience: ['https://another.example'],
  securityEvents: {
    id: 'another',
    transmitter: {
      issuer: 'https://idp.example.com',
      jwksUri: 'https://idp.example.com/keys',
      audience: ['https://another.example'],
      poll: {
        endpoint: 'https://idp.example.com/poll',
        authorization: { secretId: 'stream', jsonKey: 'token' },
      },
    },
  },
};

async function newKmsKey(kms: KMS): Promise<string> {
  const { KeyMetadata } = await kms.createKey({ Description: "the vault's next key", MultiRegion: true });
  return KeyMetadata?.Arn ?? '';
}

/** The service returns stored credentials without new consent. */
async function expectKept({ token, apiKey }: RegisteredAgent, keyBefore: string | undefined): Promise<void> {
  ok(await token(), 'the user must not consent again');
  strictEqual(await apiKey(), keyBefore);
}

async function grantKeys(records: Records): Promise<string[]> {
  const items = await records.of('Vault');
  return items
    .map(({ pk, sk }) => `${String(pk)} ${String(sk)}`)
    .filter((key) => key.startsWith(PREFIX.grant));
}

export async function checkSecondDeployment(checks: Checks, { cdk, assembly }: Deployed): Promise<void> {
  await checks.check('a second cdk deploy changes nothing', async () => {
    await cdk.expectNoDifference(assembly);
    const { printed } = await cdk.deploy(assembly);
    for (const stack of ['AgentIdentityStateful', 'AgentIdentityStateless']) {
      match(printed, new RegExp(`${stack} \\(no changes\\)`));
    }
  });
}

/**
 * @param reconnect configures the functions for providers on this machine after a deployment
 * @returns the folder of the current assembly, and the KMS key to which the token vault was moved
 */
export async function checkUpdate(
  checks: Checks,
  { cdk, app, records, api, registered, callers }: Deployed,
  reconnect: (functions: DeployedFunctions) => Promise<void>,
): Promise<{ assembly: string; tokenVaultKey: string }> {
  const keyBefore = await registered.apiKey();
  const grantsBefore = await grantKeys(records);
  const nextKey = await newKmsKey(new KMS({}));
  const control = callers.control();

  const assembly = await checks.step(
    'an update adds a trusted issuer, a KMS key for the vault, and provisioned concurrency, and removes the gateways',
    async () => {
      const updated = await cdk.synth(app, 'updated', {
        trustedIssuers: JSON.stringify([ANOTHER_ISSUER]),
        tokenVaultKeys: JSON.stringify([nextKey]),
        functions: JSON.stringify({ oauthCallback: { provisionedConcurrentExecutions: 2 } }),
      });
      await cdk.deploy(updated);
      const functions = await DeployedFunctions.find(new Lambda({}));
      deepStrictEqual(JSON.parse(functions.variable('token-exchange', 'TRUSTED_ISSUERS')), [ANOTHER_ISSUER]);
      await reconnect(functions);
      return updated;
    },
  );
  await checkRoles(checks, await DeployedFunctions.find(new Lambda({})), records.tables, ['event-poll']);

  await checks.check(
    'callers invoke the alias, which has the provisioned concurrency, and not the function itself',
    async () => {
      const functions = await DeployedFunctions.find(new Lambda({}));
      const callback = functions.of('oauth-callback');
      deepStrictEqual(await callback.provisioned(), { available: 2, status: 'READY' });
      await callback.setUnpublishedVariables({ BASE_URL: '' });
      strictEqual((await fetch(api + OPERATIONS.Jwks.path)).status, 200);
      await callback.setVariables({ BASE_URL: '' });
      try {
        const { payload, failed } = await functions.invoke('oauth-callback', {});
        strictEqual(failed, true);
        match(JSON.stringify(payload), /set BASE_URL/);
      } finally {
        await reconnect(functions);
      }
    },
  );

  await checks.check('the update keeps every grant', async () => {
    ok(grantsBefore.length > 0);
    deepStrictEqual(await grantKeys(records), grantsBefore);
    await expectKept(registered, keyBefore);
  });

  await checks.check('the vault moves to the new KMS key, and returns its content', async () => {
    await control.setTokenVaultCMK({
      kmsConfiguration: { keyType: 'CustomerManagedKey', kmsKeyArn: nextKey },
    });
    const { kmsConfiguration } = await control.getTokenVault({});
    strictEqual(kmsConfiguration?.kmsKeyArn, nextKey);
    // New processes, which have no cached key.
    await reconnect(await DeployedFunctions.find(new Lambda({})));
    await expectKept(registered, keyBefore);
  });
  return { assembly, tokenVaultKey: nextKey };
}

export async function checkRemoval(
  checks: Checks,
  { cdk, assembly, records }: Pick<Deployed, 'cdk' | 'assembly' | 'records'>,
  keyArn: string,
): Promise<void> {
  await checks.check('cdk destroy keeps the tables with their content, and the key', async () => {
    const before = await records.all();
    await cdk.destroy(assembly);
    await rejects(DeployedFunctions.find(new Lambda({})), /there is no function/);
    for (const table of Object.keys(TABLES) as TableName[]) {
      const description = await records.describe(table);
      strictEqual(description?.TableStatus, 'ACTIVE', table);
    }
    deepStrictEqual(await records.all(), before);
    ok(before.Vault.length > 0);
    const { KeyMetadata } = await new KMS({}).describeKey({ KeyId: keyArn });
    strictEqual(KeyMetadata?.KeyState, 'Enabled');
  });
}
