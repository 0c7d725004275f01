/**
 * The token vault after its customer managed KMS key was deleted. It comes last, because the content of the vault ends with
 * the key. The emulator deletes a key a second after each day of its waiting period (emulator/emulator.py).
 */
import { match, ok, rejects, strictEqual } from 'node:assert';
import { setTimeout as wait } from 'node:timers/promises';
import { KMS } from '@aws-sdk/client-kms';
import { Lambda } from '@aws-sdk/client-lambda';
import { Callers } from './callers';
import type { Checks } from './checks';
import { DeployedFunctions } from './deployed-functions';
import { OTHER_REGION } from './failover';
import type { DeployedAgain, MovedWorld } from './moved';
import { NAMES } from './registration';

const PATH = '/identities/reset-token-vault-key-material';

/** The shortest waiting period, in days. */
const WAITING_PERIOD = 7;

async function scheduleDeletion(keyArn: string, region?: string): Promise<void> {
  const kms = new KMS({ ...(region !== undefined && { region }) });
  const request = { KeyId: keyArn, PendingWindowInDays: WAITING_PERIOD };
  await kms.scheduleKeyDeletion(request);
}

/** Returns once KMS does not know the key. */
async function deleted(keyArn: string): Promise<void> {
  const kms = new KMS({});
  for (let second = 0; second < 3 * WAITING_PERIOD; second += 1) {
    try {
      await kms.describeKey({ KeyId: keyArn });
    } catch (error) {
      match((error as Error).name, /NotFoundException/);
      return;
    }
    await wait(1000);
  }
  throw new Error('the emulator did not delete the key');
}

export async function checkKeyReset(
  checks: Checks,
  { tokenVaultKey, connect }: Pick<MovedWorld, 'tokenVaultKey' | 'connect'>,
  { front, registered }: Pick<DeployedAgain, 'front' | 'registered'>,
): Promise<void> {
  const callers = new Callers(front);
  const reset = async () => {
    const { status, body } = await callers.post(PATH, { tokenVaultId: 'default' }, front.principals.operator);
    return { status, ...(JSON.parse(body) as { message?: string; kmsConfiguration?: { keyType: string } }) };
  };

  await checks.check('a token vault whose KMS key exists, or is pending deletion, is not reset', async () => {
    const enabled = await reset();
    strictEqual(enabled.status, 400);
    match(enabled.message ?? '', /exists and is enabled/);
    const [, , , region = ''] = tokenVaultKey.split(':');
    await scheduleDeletion(tokenVaultKey.replace(`:${region}:`, `:${OTHER_REGION}:`), OTHER_REGION);
    await scheduleDeletion(tokenVaultKey);
    const pending = await reset();
    strictEqual(pending.status, 400);
    match(pending.message ?? '', /and not deleted/);
  });

  await checks.check("after the deletion, a reset moves the vault to the deployment's own key", async () => {
    await deleted(tokenVaultKey);
    const { status, kmsConfiguration } = await reset();
    strictEqual(status, 200);
    strictEqual(kmsConfiguration?.keyType, 'ServiceManagedKey');
  });

  await checks.check('what the key encrypted is given up, and can be set again', async () => {
    // New processes, which have no cached key.
    await connect(await DeployedFunctions.find(new Lambda({})), front.endpoint);
    const { authorizationUrl, accessToken } = await registered.agent.ask(await registered.userToken());
    ok(authorizationUrl);
    strictEqual(accessToken, undefined);
    await rejects(registered.apiKey(), /was lost with the KMS key of the token vault/);
    await callers
      .control(front.principals.agent)
      .updateApiKeyCredentialProvider({ name: NAMES.apiKeys, apiKey: 'set again' });
    strictEqual(await registered.apiKey(), 'set again');
  });
}
