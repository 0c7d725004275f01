/**
 * The example app of another team, with a workload identity and two credential providers as resources of its stack. Its
 * function calls the deployed API as in an account: API Gateway verifies the signature, IAM allows the
 * session of the role, and the service receives its ARN.
 */
import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert';
import { GetResourceApiKeyCommand, GetWorkloadAccessTokenCommand } from '@aws-sdk/client-bedrock-agentcore';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PREFIX } from '../../lambda/contract/table-keys';
import type { Principal } from '../../lib/local/principals';
import type { Callers } from './callers';
import type { Cdk } from './cdk';
import type { Checks } from './checks';
import type { Front } from './front';
import { allowLocalService } from './on-this-machine';
import type { Records } from './records';

const APP = 'npx tsx examples/consumer-app/app.ts';
const STACK = 'TravelAgent';

/** The secrets that the example refers to: each stays in Secrets Manager or is encrypted in the vault. */
const SECRETS = {
  'travel/calendar': JSON.stringify({ secret: 'the-client-secret-of-the-travel-app' }),
  'travel/weather': 'the-api-key-of-the-travel-app',
} as const;

export interface ConsumerWorld {
  readonly cdk: Cdk;
  readonly front: Front;
  readonly callers: Callers;
  readonly records: Records;
  /** Address of the deployed API's stage, without a trailing slash. */
  readonly api: string;
  readonly restApiId: string;
}

const KINDS = [PREFIX.workloadIdentity, PREFIX.oauth2Provider, PREFIX.apiKeyProvider];

/** Names of the stack's resources in the directory, by kind. */
async function namesOf(records: Records): Promise<string[][]> {
  const keys = (await records.of('Directory')).map(({ pk }) => String(pk));
  return KINDS.map((prefix) =>
    keys.filter((key) => key.startsWith(`${prefix}${STACK}`)).map((key) => key.slice(prefix.length)),
  );
}

/** A session of the only role that the workload identity's policy allows to act as the agent. */
async function agentOf({ front, records }: ConsumerWorld, name: string): Promise<Principal> {
  const directory = await records.of('Directory');
  const record = directory.find(({ pk }) => pk === PREFIX.workloadIdentity + name);
  const [, account = '', role = ''] =
    /arn:aws:iam::(\d+):role\/([\w+=,.@-]+)/.exec(JSON.stringify(record)) ?? [];
  return front.admit(`arn:aws:sts::${account}:assumed-role/${role}/at-work`);
}

export async function checkConsumer(checks: Checks, world: ConsumerWorld): Promise<void> {
  const { cdk, front, callers, records, api, restApiId } = world;
  const secrets = new SecretsManagerClient({});

  const assembly = await checks.step('cdk deploy deploys the example app', async () => {
    for (const [Name, SecretString] of Object.entries(SECRETS)) {
      await secrets.send(new CreateSecretCommand({ Name, SecretString }));
    }
    const synthesized = await cdk.synth(APP, 'consumer', { restApiId, endpoint: api });
    await allowLocalService(synthesized, STACK);
    const { outputs } = await cdk.deploy(synthesized);
    match(outputs[STACK]?.RegisterAtGoogle ?? '', /\/identities\/oauth2\/callback\//);
    return synthesized;
  });

  const [[name = ''] = [], , [keys = ''] = []] = await checks.step(
    'the stack created a workload identity, an OAuth2 credential provider, and an API key credential provider',
    async () => {
      const names = await namesOf(records);
      deepStrictEqual(
        names.map(({ length }) => length),
        [1, 1, 1],
      );
      return names;
    },
  );

  await checks.check(
    'the agent gets the API key, and a principal outside the policy gets nothing',
    async () => {
      const agent = callers.data(await agentOf(world, name));
      const command = new GetWorkloadAccessTokenCommand({ workloadName: name });
      const { workloadAccessToken } = await agent.send(command);
      const ask = new GetResourceApiKeyCommand({
        workloadIdentityToken: workloadAccessToken,
        resourceCredentialProviderName: keys,
      });
      strictEqual((await agent.send(ask)).apiKey, SECRETS['travel/weather']);
      const stranger = callers.data(front.principals.stranger);
      await rejects(stranger.send(command), { name: 'AccessDeniedException' });
      await rejects(stranger.send(ask), { name: 'AccessDeniedException' });
    },
  );

  await checks.check('a second cdk deploy of the example app changes nothing', async () => {
    const { printed } = await cdk.deploy(assembly);
    match(printed, new RegExp(`${STACK} \\(no changes\\)`));
  });

  await checks.check("cdk destroy of the example app deletes only the app's resources", async () => {
    const before = (await records.of('Directory')).length;
    await cdk.destroy(assembly);
    deepStrictEqual(await namesOf(records), [[], [], []]);
    const after = (await records.of('Directory')).length;
    strictEqual(before - after, KINDS.length);
    ok(after > 0);
  });
}
