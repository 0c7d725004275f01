/**
 * The example app of another team, with a workload identity and two credential providers as resources of its stack. Its
 * function calls the deployed API as in an account: API Gateway verifies the signature, IAM allows the
 * session of the role, and the service receives its ARN.
 */
import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert';
import { GetResourceApiKeyCommand, GetWorkloadAccessTokenCommand } from '@aws-sdk/client-bedrock-agentcore';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { PREFIX } from '../../lambda/model/table-keys';
import type { Principal } from '../../lib/local/principals';
import { Callers } from './callers';
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

/** Where the app reaches the service. */
export interface ServiceAddress {
  readonly restApiId: string;
  /** Address of the deployed API's stage, without a trailing slash. */
  readonly api: string;
  /** The network of a private API, as JSON for the example's context. */
  readonly network?: string;
}

export interface ConsumerWorld {
  readonly cdk: Cdk;
  readonly records: Records;
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
async function agentOf(front: Front, records: Records, name: string): Promise<Principal> {
  const directory = await records.of('Directory');
  const record = directory.find(({ pk }) => pk === PREFIX.workloadIdentity + name);
  const [, account = '', role = ''] =
    /arn:aws:iam::(\d+):role\/([\w+=,.@-]+)/.exec(JSON.stringify(record)) ?? [];
  return front.admit(`arn:aws:sts::${account}:assumed-role/${role}/at-work`);
}

export class Consumer {
  private assembly = '';
  private deployments = 0;

  private cdk: Cdk;
  private readonly records: Records;

  private constructor({ cdk, records }: ConsumerWorld) {
    this.cdk = cdk;
    this.records = records;
  }

  /** Deploys the app for the first time. */
  static async deploy(world: ConsumerWorld, address: ServiceAddress): Promise<Consumer> {
    const secrets = new SecretsManager({});
    for (const [Name, SecretString] of Object.entries(SECRETS)) {
      await secrets.createSecret({ Name, SecretString });
    }
    const consumer = new Consumer(world);
    await consumer.update(address);
    return consumer;
  }

  /**
   * Deploys the app for a service at this address, with another display name, so that the function behind the resources
   * must call the service.
   *
   * @param cdk the version of this project whose app and constructs are deployed; by default, that of the last deployment
   */
  async update({ restApiId, api, network }: ServiceAddress, cdk = this.cdk): Promise<void> {
    this.cdk = cdk;
    this.deployments += 1;
    const displayName = `Travel agent ${this.deployments}`;
    const context = { restApiId, endpoint: api, ...(network !== undefined && { network }) };
    this.assembly = await cdk.synth(APP, `consumer-${this.deployments}`, context);
    await allowLocalService(this.assembly, STACK, (template) =>
      template.replaceAll('"Travel agent"', JSON.stringify(displayName)),
    );
    const { outputs } = await cdk.deploy(this.assembly);
    ok(JSON.stringify(await this.records.of('Directory')).includes(displayName));
    match(outputs[STACK]?.RegisterAtGoogle ?? '', /\/identities\/oauth2\/callback\//);
  }

  names(): Promise<string[][]> {
    return namesOf(this.records);
  }

  /** The agent gets the API key of the stack, and a principal outside the policy gets nothing. */
  async expectAtWork(front: Front): Promise<void> {
    const callers = new Callers(front);
    const [[name = ''] = [], , [keys = ''] = []] = await this.names();
    const agent = callers.data(await agentOf(front, this.records, name));
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
  }

  async expectNoChanges(): Promise<void> {
    const { printed } = await this.cdk.deploy(this.assembly);
    match(printed, new RegExp(`${STACK} \\(no changes\\)`));
  }

  async destroy(): Promise<void> {
    await this.cdk.destroy(this.assembly);
    for (const SecretId of Object.keys(SECRETS)) {
      await new SecretsManager({}).deleteSecret({ SecretId, ForceDeleteWithoutRecovery: true });
    }
  }
}

export async function checkConsumer(
  checks: Checks,
  world: ConsumerWorld & { readonly front: Front },
  address: ServiceAddress,
): Promise<Consumer> {
  const consumer = await checks.step('cdk deploy deploys the example app', () =>
    Consumer.deploy(world, address),
  );
  await checks.step(
    'the stack created a workload identity, an OAuth2 credential provider, and an API key credential provider',
    async () => {
      deepStrictEqual(
        (await consumer.names()).map(({ length }) => length),
        [1, 1, 1],
      );
    },
  );
  await checks.check('the agent gets the API key, and a principal outside the policy gets nothing', () =>
    consumer.expectAtWork(world.front),
  );
  await checks.check('a second cdk deploy of the example app changes nothing', () =>
    consumer.expectNoChanges(),
  );
  return consumer;
}

export async function checkConsumerRemoval(
  checks: Checks,
  consumer: Consumer,
  records: Records,
): Promise<void> {
  await checks.check("cdk destroy of the example app deletes only the app's resources", async () => {
    const before = (await records.of('Directory')).length;
    await consumer.destroy();
    deepStrictEqual(await consumer.names(), [[], [], []]);
    const after = (await records.of('Directory')).length;
    strictEqual(before - after, KINDS.length);
    ok(after > 0);
  });
}
