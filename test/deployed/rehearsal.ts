/**
 * An upgrade from the last release, and the way back, with data and with the stack of another app. The records and the
 * internal events of each version must be readable by the other.
 */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { Lambda } from '@aws-sdk/client-lambda';
import { join } from 'node:path';
import { Callers } from './callers';
import type { Cdk, Outputs } from './cdk';
import type { Checks } from './checks';
import type { Commands } from './commands';
import { Consumer, type ServiceAddress } from './consumer';
import { DeployedFunctions } from './deployed-functions';
import { Front } from './front';
import { checkOut, lastRelease } from './last-release';
import { Records, tablesOf } from './records';
import { checkRegistration, USER, type FlowWorld, type RegisteredAgent } from './registration';

export interface Rehearsal {
  readonly cdk: Cdk;
  readonly commands: Commands;
  /** Folder for the sources of the last release; the caller removes it. */
  readonly folder: string;
  /** Command of the CDK app, in both versions. */
  readonly app: string;
  readonly world: Pick<FlowWorld, 'provider' | 'issuer'>;
  readonly region: string;
  readonly connect: (functions: DeployedFunctions, baseUrl: string) => Promise<void>;
  readonly addressOf: (outputs: Outputs) => ServiceAddress;
}

/** Users who consent under the last release, and under this version. */
const [BEFORE, AFTER] = ['before the upgrade', 'after the upgrade'];

const deployed = (): Promise<DeployedFunctions> => DeployedFunctions.find(new Lambda({}));

/** Tokens are issued, and the grants of these users and the API key are returned, without new consent. */
async function expectKept(registered: RegisteredAgent, key: string | undefined, users: string[]) {
  const { agent } = registered;
  ok(await registered.userToken(), `no workload access token for ${USER}`);
  for (const userId of users) {
    const { accessToken } = await agent.ask(await agent.token({ userId }));
    ok(accessToken, `${userId} must not consent again`);
  }
  strictEqual(await registered.apiKey(), key);
}

export async function checkRehearsal(checks: Checks, rehearsal: Rehearsal): Promise<void> {
  const { cdk, commands, app, world, region, connect, addressOf } = rehearsal;
  const release = await lastRelease(commands);
  const { name } = release;
  checks.chapter(`An upgrade from ${name}, and back`);
  if (release.reason !== undefined) checks.remark(release.reason);
  if (!release.present) {
    checks.skip(
      'an upgrade, and back',
      `this clone does not have ${name}. Run "git fetch --unshallow --tags".`,
    );
    return;
  }

  const released = await checks.step(`${name} is built with its own dependencies`, async () =>
    cdk.of(await checkOut(commands, release, join(rehearsal.folder, 'last-release'))),
  );
  const { first, address } = await checks.step(`cdk deploy deploys ${name}`, async () => {
    const assembly = await released.synth(app, 'released');
    const { outputs } = await released.deploy(assembly);
    return { first: assembly, address: addressOf(outputs) };
  });
  const functions = await deployed();
  const records = new Records(tablesOf(functions), new DynamoDB({}));
  const front = await Front.open(functions, region);
  try {
    await connect(functions, front.endpoint);
    const registered = await checkRegistration(checks, { ...world, front, callers: new Callers(front) });
    const key = await registered.apiKey();
    const consumer = await checks.step(
      `under ${name}, a user consents, and another app is deployed`,
      async () => {
        ok(await registered.agent.connect(BEFORE));
        return Consumer.deploy({ cdk: released, records }, address);
      },
    );

    const expectAfter = async (current: Cdk, users: string[]) => {
      deepStrictEqual(tablesOf(await deployed()), records.tables);
      await expectKept(registered, key, users);
      await consumer.expectAtWork(front);
      // First with the construct library of the app's last deployment, then with that of the service.
      await consumer.update(address);
      await consumer.update(address, current);
      await consumer.expectAtWork(front);
    };
    const deployOther = async (current: Cdk, assembly: string) => {
      await current.deploy(assembly);
      const found = await deployed();
      await connect(found, front.endpoint);
      front.serve(found, region);
    };

    await checks.step('cdk deploy upgrades to this version', async () => {
      await deployOther(cdk, await cdk.synth(app, 'upgraded'));
    });
    await checks.step(
      'after the upgrade, tokens are issued, grants are returned, and the other app is updated',
      () => expectAfter(cdk, [BEFORE]),
    );
    await checks.step(`under this version, a user consents`, async () => {
      ok(await registered.agent.connect(AFTER));
    });
    await checks.step(`cdk deploy goes back to ${name}`, () => deployOther(released, first));
    await checks.check(
      'after going back, tokens are issued, grants of both versions are returned, and the other app is updated',
      () => expectAfter(released, [BEFORE, AFTER]),
    );
  } finally {
    await front.close();
  }
}
