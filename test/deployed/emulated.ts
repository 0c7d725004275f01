/** A deployment in the emulator, from the first `cdk bootstrap` to `cdk destroy`. */
import { deepStrictEqual, match, strictEqual } from 'node:assert';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { Lambda } from '@aws-sdk/client-lambda';
import { OPERATIONS, type OperationName } from '../../lambda/operations';
import { LOCAL_ACCOUNT } from '../../lib/local/principals';
import { startIssuer, type TestIssuer } from '../flows/support/issuer';
import { startProvider } from '../flows/support/provider';
import { checkAdministration } from './administration';
import { Callers } from './callers';
import type { Cdk, Outputs } from './cdk';
import type { Checks } from './checks';
import type { Commands } from './commands';
import { checkConsumer, checkConsumerRemoval } from './consumer';
import { DeployedFunctions } from './deployed-functions';
import { checkEndpoint } from './endpoint';
import { checkFailover } from './failover';
import { ACCESS_TOKEN_SECONDS, checkFlow } from './flow';
import { Front } from './front';
import { allowLocalProviders } from './local-providers';
import { checkDeployedAgain, checkDomain } from './moved';
import { checkGateways } from './gateways';
import { checkGrants, WITHOUT_EVENTS } from './grants';
import { checkKeyReset } from './key-reset';
import { checkPortal } from './portal';
import { checkPortalStacks } from './portal-stacks';
import { checkPrivate } from './private';
import { Records, tablesOf } from './records';
import { checkClientMetadata } from './client-metadata';
import { checkRegistration } from './registration';
import { checkRehearsal } from './rehearsal';
import { checkRoles } from './roles';
import { checkTagged } from './tagged';
import { checkCallersAreNamed, checkSignaturesAreRequired } from './unsigned';
import { checkRemoval, checkSecondDeployment, checkUpdate } from './upgrade';

const APP = 'npx tsx bin/app.ts';
/** Later deployments are without gateways, which a private API does not allow. */
const GATEWAYS = { config: 'test/deployed/gateways.config.json' };
const STATELESS = 'AgentIdentityStateless';

/** The emulator's settings from the environment. */
interface Emulator {
  readonly endpoint: string;
  readonly region: string;
}

/** Returns the loopback URL in the emulator for the API Gateway URL of a stage. */
function stageAt({ endpoint: emulator }: Emulator, endpoint: string) {
  const [, restApiId = ''] = /^https:\/\/(\w+)\.execute-api\./.exec(endpoint) ?? [];
  return { restApiId, api: `${emulator}/restapis/${restApiId}/prod/_user_request_` };
}

async function checkDeployment(checks: Checks, cdk: Cdk, emulator: Emulator) {
  checks.chapter('cdk deploy');
  const assembly = await checks.step('cdk synth', () => cdk.synth(APP, 'first', GATEWAYS));
  await checks.step('cdk bootstrap', () => cdk.bootstrap(assembly, LOCAL_ACCOUNT, emulator.region));
  const { outputs } = await checks.step('cdk deploy of both stacks', () => cdk.deploy(assembly));
  const functions = await checks.step('each group has a function', () =>
    DeployedFunctions.find(new Lambda({})),
  );
  const records = new Records(tablesOf(functions), new DynamoDB({}));
  const stage = stageAt(emulator, outputs[STATELESS]?.Endpoint ?? '');
  return {
    assembly,
    functions,
    records,
    keyArn: functions.variable('credential-retrieval', 'KMS_KEY_ARN'),
    ...stage,
  };
}

async function checkLoopbackIsRejected(checks: Checks, functions: DeployedFunctions): Promise<void> {
  await checks.check('in Lambda, a function with LOOPBACK_PROVIDERS does not start', async () => {
    await functions.setVariables('control-plane', { LOOPBACK_PROVIDERS: 'allowed' });
    const { payload, failed } = await functions.invoke('control-plane', {});
    strictEqual(failed, true);
    match(JSON.stringify(payload), /LOOPBACK_PROVIDERS is for local mode/);
  });
}

async function checkEverythingWasTried(checks: Checks, fronts: readonly Front[]): Promise<void> {
  await checks.check(
    'each operation of the registry has succeeded at least once, except the receivers of security events',
    () => {
      const isTried = (name: OperationName) => fronts.some(({ answered }) => answered.has(name));
      const untried = (Object.keys(OPERATIONS) as OperationName[]).filter((name) => !isTried(name));
      deepStrictEqual(untried, WITHOUT_EVENTS);
      return Promise.resolve();
    },
  );
}

/** The programs and files of a run. */
interface Run {
  readonly cdk: Cdk;
  readonly commands: Commands;
  /** Folder for temporary files; the caller removes it. */
  readonly folder: string;
}

/** What an emulator cannot show, for the end of the output. */
const NOT_PROVED = [
  'AWS itself: the emulator is independent software. docs/engineering/real-account.md is a checklist for an account.',
  'API Gateway authenticates callers: a local gateway verifies their signatures and invokes the functions.',
  'IAM evaluates leading keys, encryption contexts, tags of secrets, and VPC endpoints: additions of emulator.py do.',
  'A private API has no other way in: the emulator has no network, only the resource policy of the API.',
  'Responses are streamed: the emulator returns them as a whole.',
  'A custom domain responds: the emulator creates it, and keeps the address of API Gateway.',
  'Tables are replicated within a second: the emulator copies each write immediately. emulator.py creates the replicas.',
  'A Region fails, and DNS points to the other one: both run, and the local gateway changes from one to the other.',
  'AWS KMS deletes a key after its waiting period: emulator.py does, after a second for each day.',
  'AWS CodeDeploy shifts callers to new versions: the emulator does not have it.',
  'Alarms: the emulator evaluates no expressions and no queries.',
];

export async function checkEmulated(checks: Checks, { cdk, commands, folder }: Run): Promise<void> {
  const { AWS_ENDPOINT_URL: endpoint = '', AWS_REGION: region = '' } = process.env;
  const emulator = { endpoint, region };
  const deployment = await checkDeployment(checks, cdk, emulator);
  const { assembly, functions, records, keyArn, restApiId, api } = deployment;
  const addressOf = (outputs: Outputs) => stageAt(emulator, outputs[STATELESS]?.Endpoint ?? '');
  const stageOf = (address: string) => stageAt(emulator, address).api;

  checks.chapter('Access');
  await checkSignaturesAreRequired(checks, api);
  await checkCallersAreNamed(checks, functions, records);
  await checkLoopbackIsRejected(checks, functions);

  const provider = await startProvider({
    issueRefreshToken: () => Promise.resolve(true),
    features: { pushedAuthorizationRequests: { enabled: true }, revocation: { enabled: true } },
    ttl: { AccessToken: ACCESS_TOKEN_SECONDS, Grant: 3600, Session: 3600, Interaction: 600 },
  });
  const issuer: TestIssuer = await startIssuer();
  const front = await Front.open(functions, region);
  const connect = (deployed: DeployedFunctions, baseUrl: string) =>
    allowLocalProviders(deployed, baseUrl, [
      { discoveryUrl: issuer.discoveryUrl, allowedAudience: [issuer.audience] },
      // People sign in to the portal at the provider.
      { discoveryUrl: provider.discoveryUrl, allowedAudience: [provider.clientId] },
    ]);
  const reconnect = (deployed: DeployedFunctions) => connect(deployed, front.endpoint);
  try {
    checks.chapter('The flow on the deployed functions with their own roles');
    await checks.step('the functions accept the gateway and providers on loopback', () =>
      reconnect(functions),
    );
    const callers = new Callers(front);
    const world = { front, callers, provider, issuer };
    const registered = await checkRegistration(checks, world);
    await checkClientMetadata(checks, world);
    await checkFlow(checks, world, registered);
    await checkAdministration(checks, world, registered);

    checks.chapter('Grants');
    await checkGrants(checks, world, registered);

    checks.chapter('A consent portal');
    await checkPortal(checks, world, registered);

    checks.chapter('Permissions of the functions');
    await checkRoles(checks, functions, records.tables);
    await checkTagged(checks, functions, callers, front);

    checks.chapter('An agent behind the gate');
    await checkEndpoint(checks, { cdk, callers, front, issuer, api, restApiId, stageOf });

    checks.chapter('Gateways');
    await checkGateways(checks, {
      ...{ callers, front, issuer, functions, api, stageOf },
      tables: records.tables,
    });

    checks.chapter("Another team's app");
    const address = { restApiId, api };
    const consumer = await checkConsumer(checks, { cdk, front, records }, address);
    await checkPortalStacks(checks, { cdk, provider }, address);

    checks.chapter('Deploying again');
    const deployed = { cdk, app: APP, assembly, records, api, registered, callers };
    await checkSecondDeployment(checks, deployed);
    const updated = await checkUpdate(checks, deployed, reconnect);

    checks.chapter('A new address');
    const moved = {
      ...{ cdk, ...updated, records, front, registered, issuer, consumer, address, connect },
      addressOf,
    };
    await checkDomain(checks, moved);

    checks.chapter('Failover to another Region, and back');
    await checkFailover(checks, { ...moved, keyArn });

    checks.chapter('Functions and API created again');
    const again = await checkDeployedAgain(checks, moved);
    try {
      checks.chapter('Private, and public again');
      await checkPrivate(checks, moved, again);

      checks.chapter('A deleted KMS key');
      await checkKeyReset(checks, moved, again);
      await checkEverythingWasTried(checks, [front, again.front]);
    } finally {
      await again.front.close();
    }

    checks.chapter('cdk destroy');
    await checkConsumerRemoval(checks, consumer, records);
    await checkRemoval(checks, { cdk, assembly: updated.assembly, records }, keyArn);

    await checkRehearsal(checks, {
      ...{ cdk, commands, folder, app: APP, region, connect, addressOf },
      world: { provider, issuer },
    });

    checks.chapter('What these checks do not prove');
    for (const limit of NOT_PROVED) checks.remark(limit);
  } finally {
    await front.close();
    await Promise.all([provider.close(), issuer.close()]);
  }
}
