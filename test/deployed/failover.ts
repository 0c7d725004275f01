/**
 * A standby in another Region, and a failover to it and back (docs/another-region.md). The emulator replicates keys and
 * tables, each write immediately. The gateway in front of the functions takes the place of the DNS record.
 */
import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from 'node:assert';
import { setTimeout as pause } from 'node:timers/promises';
import { DynamoDB, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DescribeKeyCommand, KMS, ReplicateKeyCommand } from '@aws-sdk/client-kms';
import { Lambda } from '@aws-sdk/client-lambda';
import { marshall } from '@aws-sdk/util-dynamodb';
import { decodeProtectedHeader } from 'jose';
import { OPERATIONS } from '../../lambda/operations';
import { WRITING_REGION_KEY } from '../../lambda/model/table-keys';
import { LOCAL_ACCOUNT } from '../../lib/local/principals';
import type { Standby } from './address-app';
import { Callers } from './callers';
import type { Checks } from './checks';
import { DeployedFunctions } from './deployed-functions';
import { ACCESS_TOKEN_SECONDS } from './flow';
import { ADDRESS_APP, DOMAIN, type MovedWorld } from './moved';
import { Records } from './records';
import { registeredAgent, USER, type RegisteredAgent } from './registration';

export const OTHER_REGION = 'eu-west-1';

/** Longer than a function keeps the record of the writing Region, and than the provider's access tokens live. */
const UNTIL_READ_AGAIN_MS = (ACCESS_TOKEN_SECONDS + 1) * 1000;

/** Users who begin a consent in the first Region, and who consent in the other one. */
const [UNDER_WAY, THERE] = ['consented before the failover', 'consented in the other Region'];

const ANOTHER_REGION = {
  name: 'InternalServerException',
  message: /another Region is the writing Region/,
};

export interface FailoverWorld extends Pick<
  MovedWorld,
  'cdk' | 'records' | 'front' | 'registered' | 'issuer' | 'connect' | 'tokenVaultKey'
> {
  /** ARN of the deployment's own key. */
  readonly keyArn: string;
}

const kidOf = (token: string) => decodeProtectedHeader(token).kid;

/** The functions of a Region, and what the owner of the account reads there. */
interface Region {
  readonly name: string;
  readonly functions: DeployedFunctions;
  readonly records: Records;
}

async function regionNamed(name: string, { tables }: Records): Promise<Region> {
  const functions = await DeployedFunctions.find(new Lambda({ region: name }));
  return { name, functions, records: new Records(tables, new DynamoDB({ region: name })) };
}

/** Writes the record of the writing Region there, as the runbook does; the time from which it serves has begun. */
async function makeWritingRegion({ name, records }: Region): Promise<void> {
  const record = { ...WRITING_REGION_KEY, region: name, since: 0, recordVersion: 1 };
  const put = new PutItemCommand({ TableName: records.tables.Directory, Item: marshall(record) });
  await new DynamoDB({ region: name }).send(put);
  await pause(UNTIL_READ_AGAIN_MS);
}

/** Points the service's address to a Region. Returns the agent, whose clients sign for this Region. */
function pointTo({ name, functions }: Region, { front, registered, issuer }: FailoverWorld): RegisteredAgent {
  front.serve(functions, name);
  const agent = registered.agent.as(new Callers(front).data());
  return registeredAgent(agent, registered.workloadIdentityArn, issuer);
}

async function expectNotServing({ agent }: RegisteredAgent, issued: string): Promise<void> {
  await rejects(agent.token(), ANOTHER_REGION);
  await rejects(agent.ask(issued), ANOTHER_REGION);
}

async function accessToken({ agent }: RegisteredAgent, userId: string): Promise<string | undefined> {
  return (await agent.ask(await agent.token({ userId }))).accessToken;
}

/** Deploys the standby, and the replicas of the state. */
async function deployStandby(
  world: FailoverWorld,
): Promise<{ assembly: string; home: Region; other: Region }> {
  const { cdk, front, records, keyArn, tokenVaultKey, connect } = world;
  const { region: identityRegion, endpoint } = front;
  const { Directory: directory, Keys: keys, Sessions: sessions, Vault: vault, Revocations } = records.tables;
  const replicate = new ReplicateKeyCommand({ KeyId: tokenVaultKey, ReplicaRegion: OTHER_REGION });
  const { ReplicaKeyMetadata } = await new KMS({}).send(replicate);
  const standby: Standby = {
    ...{ account: LOCAL_ACCOUNT, region: OTHER_REGION, identityRegion, primaryKeyArn: keyArn },
    tokenVaultKeys: [ReplicaKeyMetadata?.Arn ?? ''],
    tableNames: { directory, keys, sessions, vault, revocations: Revocations },
  };
  const assembly = await cdk.synth(ADDRESS_APP, 'standby', {
    domainName: DOMAIN,
    tokenVaultKeys: JSON.stringify([tokenVaultKey]),
    standby: JSON.stringify(standby),
  });
  await cdk.bootstrap(assembly, LOCAL_ACCOUNT, OTHER_REGION);
  await cdk.deploy(assembly);
  const [home, other] = [
    await regionNamed(identityRegion, records),
    await regionNamed(OTHER_REGION, records),
  ];
  for (const { functions } of [home, other]) await connect(functions, endpoint);
  return { assembly, home, other };
}

async function checkStandby(checks: Checks, world: FailoverWorld, home: Region, other: Region) {
  await checks.check('the replicas have the content of the tables', async () => {
    deepStrictEqual(await other.records.all(), await home.records.all());
  });

  await checks.check('the standby publishes the keys, and rejects everything else', async () => {
    const issued = await pointTo(home, world).userToken();
    await expectNotServing(pointTo(other, world), issued);
    const response = await fetch(world.front.endpoint + OPERATIONS.Jwks.path);
    const { keys } = (await response.json()) as { keys: { kid: string }[] };
    ok(keys.some(({ kid }) => kid === kidOf(issued)));
  });
}

/** Leaves the other Region as the writing Region. */
async function checkFailedOver(checks: Checks, world: FailoverWorld, home: Region, other: Region) {
  const before = pointTo(home, world);
  const issued = await before.userToken();
  const { accessToken: granted } = await before.agent.ask(issued);
  const apiKey = await before.apiKey();
  const { authorizationUrl } = await before.agent.ask(await before.agent.token({ userId: UNDER_WAY }));
  const page = await before.agent.consent(authorizationUrl, UNDER_WAY);

  const there = pointTo(other, world);
  await checks.step(
    'after the failover, the other Region issues tokens with the same signing key',
    async () => {
      await makeWritingRegion(other);
      strictEqual(kidOf(await there.userToken()), kidOf(issued));
    },
  );

  await checks.check('an earlier token gets the grant there, renewed with its refresh token', async () => {
    const { accessToken: renewed } = await there.agent.ask(issued);
    ok(renewed, `${USER} must not consent again`);
    notStrictEqual(renewed, granted);
    strictEqual(await there.apiKey(), apiKey);
  });

  await checks.check('a consent that began in the first Region is completed there', async () => {
    await there.agent.complete(page, { userId: UNDER_WAY });
    ok(await accessToken(there, UNDER_WAY));
  });

  await checks.step('another user consents there', async () => {
    ok(await there.agent.connect(THERE));
  });

  await checks.check('no record contains the other Region, except that of the writing Region', async () => {
    const text = JSON.stringify(await other.records.all());
    ok(!text.includes(`:${OTHER_REGION}:`));
  });

  await checks.check('the first Region stops, because the record is replicated to it', async () => {
    await expectNotServing(pointTo(home, world), issued);
  });
}

export async function checkFailover(checks: Checks, world: FailoverWorld): Promise<void> {
  const { cdk } = world;
  const { assembly, home, other } = await checks.step(
    'cdk deploy adds a standby in another Region: replicas of the keys and tables, and the service',
    () => deployStandby(world),
  );
  await checkStandby(checks, world, home, other);
  await checkFailedOver(checks, world, home, other);

  await checks.step('after the failback, the first Region has the grants of both', async () => {
    await makeWritingRegion(home);
    const back = pointTo(home, world);
    ok(await back.token(), USER);
    for (const user of [UNDER_WAY, THERE]) ok(await accessToken(back, user), user);
    ok(await back.apiKey());
    const issued = await back.userToken();
    await expectNotServing(pointTo(other, world), issued);
    pointTo(home, world);
  });

  await checks.step(
    'cdk destroy of the standby keeps the replica of the key, and the first Region at work',
    async () => {
      await cdk.destroy(assembly, 'AgentIdentityStandby*');
      const { keyArn, registered } = world;
      const replica = new DescribeKeyCommand({
        KeyId: keyArn.replace(`:${home.name}:`, `:${OTHER_REGION}:`),
      });
      const { KeyMetadata } = await new KMS({ region: OTHER_REGION }).send(replica);
      strictEqual(KeyMetadata?.KeyState, 'Enabled');
      ok(await registered.userToken());
    },
  );
}
