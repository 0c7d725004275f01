/**
 * The service at another address: its own domain, and functions and API that are made again over the tables that
 * were kept. Agents get tokens all the while, and what is in the vault is as readable as before.
 *
 * The emulator makes the domain name and maps the API to it, but answers no request under that name, and continues
 * answering under API Gateway's own address. So requests still come through the gateway in front; what the functions
 * take for the address of the service is the domain's, as it was deployed.
 */
import { deepStrictEqual, match, notStrictEqual, ok, rejects, strictEqual } from 'node:assert';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { OPERATIONS } from '../../lambda/contract/operations';
import type { TestIssuer } from '../flows/support/issuer';
import { Callers } from './callers';
import type { Cdk, Outputs } from './cdk';
import type { Checks } from './checks';
import { DeployedFunctions } from './deployed-functions';
import { Front } from './front';
import type { Records } from './records';
import { registeredAgent, type RegisteredAgent } from './registration';

const APP = 'npx tsx test/deployed/domain-app.ts';
const STATELESS = 'AgentIdentityStateless';
const DOMAIN = 'identity.example.com';

export interface MovedWorld {
  readonly cdk: Cdk;
  /** What is deployed, and what is deployed again in the end. */
  readonly assembly: string;
  readonly tokenVaultKey: string;
  readonly records: Records;
  readonly front: Front;
  readonly registered: RegisteredAgent;
  readonly issuer: TestIssuer;
  /** Tells the functions their address, and makes them ready for providers on this machine. */
  readonly connect: (functions: DeployedFunctions, baseUrl: string) => Promise<void>;
  /** API Gateway's own address of a stack, as the emulator answers it. */
  readonly stageOf: (outputs: Outputs) => string;
}

const OF_ANOTHER_ADDRESS = {
  name: 'UnauthorizedException',
  message: /was issued for another address of this service/,
};

const kidOf = (token: string) => decodeProtectedHeader(token).kid;

/** As a resource server verifies that trusts the service at this address. */
async function verified(token: string, published: string, issuer: string): Promise<void> {
  const keys = (await (await fetch(published + OPERATIONS.Jwks.path)).json()) as JSONWebKeySet;
  await jwtVerify(token, createLocalJWKSet(keys), { issuer, audience: issuer });
}

/** What the agent held before it holds now, without anyone's consent; by the key that signed before. */
async function expectUnchanged(
  registered: RegisteredAgent,
  before: { readonly old: string; readonly apiKey: string | undefined },
  published: string,
  address: string,
): Promise<void> {
  const fresh = await registered.userToken();
  strictEqual(kidOf(fresh), kidOf(before.old));
  await verified(fresh, published, address);
  ok(await registered.token(), 'the user is not asked to consent again');
  strictEqual(await registered.apiKey(), before.apiKey);
  await rejects(registered.agent.ask(before.old), OF_ANOTHER_ADDRESS);
}

/** An agent that gets tokens and a credential, again and again, until it is told to stop. */
function keepAsking({ agent, apiKey }: RegisteredAgent) {
  let asking = true;
  let minted = 0;
  const read = async (): Promise<void> => {
    await agent.token({ userId: 'somebody' });
    minted += 1;
    // While functions change one after the other, one may still be, or already be, at the other address.
    await apiKey().catch((error: unknown) => {
      match(String(error), /another address/);
    });
  };
  const ended = (async () => {
    while (asking) await read();
  })();
  ended.catch(() => undefined);
  return async (): Promise<number> => {
    asking = false;
    await ended;
    return minted;
  };
}

async function checkDomain(checks: Checks, world: MovedWorld): Promise<void> {
  const { cdk, front, registered, connect, tokenVaultKey } = world;
  const before = { old: await registered.userToken(), apiKey: await registered.apiKey() };
  const address = `https://${DOMAIN}`;

  await checks.step('the service gets a domain, while an agent gets tokens', async () => {
    const assembly = await cdk.synth(APP, 'domain', {
      domainName: DOMAIN,
      tokenVaultKeys: JSON.stringify([tokenVaultKey]),
    });
    const stop = keepAsking(registered);
    try {
      const { outputs } = await cdk.deploy(assembly);
      strictEqual(outputs[STATELESS]?.Endpoint, address);
      const functions = await DeployedFunctions.find(new LambdaClient({}));
      for (const group of ['token-exchange', 'credential-retrieval', 'control-plane'] as const) {
        strictEqual(functions.variable(group, 'BASE_URL'), address);
      }
      await connect(functions, address);
    } finally {
      ok((await stop()) > 0);
    }
  });

  await checks.check('under it tokens are issued, grants open, and the published keys are right', () =>
    expectUnchanged(registered, before, front.endpoint, address),
  );
}

async function checkMadeAgain(checks: Checks, world: MovedWorld): Promise<void> {
  const { cdk, assembly, records, registered, issuer, connect, stageOf } = world;
  const before = { old: await registered.userToken(), apiKey: await registered.apiKey() };
  const [functionsBefore, recordsBefore] = [
    await DeployedFunctions.find(new LambdaClient({})),
    await records.all(),
  ];

  const { functions, api } = await checks.step('functions and API are deleted and made again', async () => {
    await cdk.destroy(assembly, STATELESS);
    await rejects(DeployedFunctions.find(new LambdaClient({})), /there is no function/);
    deepStrictEqual(await records.all(), recordsBefore);
    const { outputs } = await cdk.deploy(assembly);
    return { functions: await DeployedFunctions.find(new LambdaClient({})), api: stageOf(outputs) };
  });

  await checks.check('they are new, at another address, over the tables that were kept', async () => {
    const addressOf = (of: DeployedFunctions) => of.variable('token-exchange', 'BASE_URL');
    notStrictEqual(addressOf(functions), addressOf(functionsBefore));
    strictEqual(functions.variable('token-exchange', 'DIRECTORY_TABLE'), records.tables.Directory);
    strictEqual((await fetch(api + OPERATIONS.Jwks.path)).status, 200);
  });

  const front = await Front.open(functions, world.front.region, world.front);
  try {
    await connect(functions, front.endpoint);
    const agent = registered.agent.as(new Callers(front).data());
    const there = registeredAgent(agent, registered.workloadIdentityArn, issuer);
    await checks.check('there, too, tokens are issued and grants open, by the key of before', () =>
      expectUnchanged(there, before, front.endpoint, front.endpoint),
    );
  } finally {
    await front.close();
  }
}

export async function checkMoved(checks: Checks, world: MovedWorld): Promise<void> {
  await checkDomain(checks, world);
  await checkMadeAgain(checks, world);
}
