/**
 * The service at another address: a custom domain, and functions and an API that are created again with the existing
 * tables. Agents get tokens during the changes, the vault stays readable, and the stacks of other apps can be updated.
 *
 * The emulator creates the domain name and maps the API to it, but does not serve requests to that name. It continues
 * to serve the API Gateway URL. Therefore, requests still come through the local gateway, and the functions use the
 * address of the domain as deployed.
 */
import { deepStrictEqual, match, notStrictEqual, ok, rejects, strictEqual } from 'node:assert';
import { Lambda } from '@aws-sdk/client-lambda';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { OPERATIONS } from '../../lambda/operations';
import type { TestIssuer } from '../flows/support/issuer';
import { Callers } from './callers';
import type { Cdk, Outputs } from './cdk';
import type { Checks } from './checks';
import type { Consumer, ServiceAddress } from './consumer';
import { DeployedFunctions } from './deployed-functions';
import { Front } from './front';
import type { Records } from './records';
import { registeredAgent, type RegisteredAgent } from './registration';

/** Its context is `tokenVaultKeys`, and `domainName` or `vpcEndpointId`. */
export const ADDRESS_APP = 'npx tsx test/deployed/address-app.ts';
const STATELESS = 'AgentIdentityStateless';
export const DOMAIN = 'identity.example.com';

export interface MovedWorld {
  readonly cdk: Cdk;
  /** The current deployment, which is deployed again at the end. */
  readonly assembly: string;
  readonly tokenVaultKey: string;
  readonly records: Records;
  readonly front: Front;
  readonly registered: RegisteredAgent;
  readonly issuer: TestIssuer;
  /** A stack of another app, with resources of the service. */
  readonly consumer: Consumer;
  readonly address: ServiceAddress;
  /** Configures the functions' address, and allows providers on this machine. */
  readonly connect: (functions: DeployedFunctions, baseUrl: string) => Promise<void>;
  /** Returns the emulator's address for the outputs of the service's stack. */
  readonly addressOf: (outputs: Outputs) => ServiceAddress;
}

const OF_ANOTHER_ADDRESS = {
  name: 'UnauthorizedException',
  message: /was issued for another address of this service/,
};

const kidOf = (token: string) => decodeProtectedHeader(token).kid;

/** Verifies as a resource server does that trusts the service at this address. */
async function verified(token: string, published: string, issuer: string): Promise<void> {
  const keys = (await (await fetch(published + OPERATIONS.Jwks.path)).json()) as JSONWebKeySet;
  await jwtVerify(token, createLocalJWKSet(keys), { issuer, audience: issuer });
}

/** The agent still has its credentials without new consent, and tokens have a signature of the earlier key. */
async function expectUnchanged(
  registered: RegisteredAgent,
  before: { readonly old: string; readonly apiKey: string | undefined },
  published: string,
  address: string,
): Promise<void> {
  const fresh = await registered.userToken();
  strictEqual(kidOf(fresh), kidOf(before.old));
  await verified(fresh, published, address);
  ok(await registered.token(), 'the user must not consent again');
  strictEqual(await registered.apiKey(), before.apiKey);
  await rejects(registered.agent.ask(before.old), OF_ANOTHER_ADDRESS);
}

/** An agent that continually gets tokens and a credential until it is stopped. */
function keepAsking({ agent, apiKey }: RegisteredAgent) {
  let asking = true;
  let issued = 0;
  const read = async (): Promise<void> => {
    await agent.token({ userId: 'ana' });
    issued += 1;
    // The functions change one after another, so their addresses can differ for a while.
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
    return issued;
  };
}

export async function checkDomain(checks: Checks, world: MovedWorld): Promise<void> {
  const { cdk, front, registered, connect, tokenVaultKey, consumer } = world;
  const before = { old: await registered.userToken(), apiKey: await registered.apiKey() };
  const address = `https://${DOMAIN}`;

  await checks.step('the service gets a domain while an agent gets tokens', async () => {
    const assembly = await cdk.synth(ADDRESS_APP, 'domain', {
      domainName: DOMAIN,
      tokenVaultKeys: JSON.stringify([tokenVaultKey]),
    });
    const stop = keepAsking(registered);
    try {
      const { outputs } = await cdk.deploy(assembly);
      strictEqual(outputs[STATELESS]?.Endpoint, address);
    } finally {
      ok((await stop()) > 0);
    }
    const functions = await DeployedFunctions.find(new Lambda({}));
    for (const group of ['token-exchange', 'credential-retrieval', 'control-plane'] as const) {
      strictEqual(functions.variable(group, 'BASE_URL'), address);
    }
    // After the last call: the emulator uses a process again that had a call while its function's configuration changed.
    await connect(functions, address);
  });

  await checks.check(
    'at the domain, the service issues tokens and returns grants, and the published keys verify the tokens',
    () => expectUnchanged(registered, before, front.endpoint, address),
  );

  await checks.check('the agent of another app continues, and its stack can be updated', async () => {
    await consumer.expectAtWork(front);
    await consumer.update(world.address);
    await consumer.expectAtWork(front);
  });
}

/** The service after its stateless stack was deployed again. */
export interface DeployedAgain {
  readonly address: ServiceAddress;
  readonly front: Front;
  readonly registered: RegisteredAgent;
}

/** @returns the service at its new address, with a gateway that the caller closes */
export async function checkDeployedAgain(checks: Checks, world: MovedWorld): Promise<DeployedAgain> {
  const { cdk, assembly, records, registered, issuer, connect, addressOf, consumer } = world;
  const before = { old: await registered.userToken(), apiKey: await registered.apiKey() };
  const [functionsBefore, recordsBefore] = [
    await DeployedFunctions.find(new Lambda({})),
    await records.all(),
  ];

  const { functions, address } = await checks.step(
    'functions and API are deleted and created again',
    async () => {
      await cdk.destroy(assembly, STATELESS);
      await rejects(DeployedFunctions.find(new Lambda({})), /there is no function/);
      deepStrictEqual(await records.all(), recordsBefore);
      const { outputs } = await cdk.deploy(assembly);
      const found = await DeployedFunctions.find(new Lambda({}));
      return { functions: found, address: addressOf(outputs) };
    },
  );

  await checks.check('the new functions have another address and the same tables', async () => {
    const urlOf = (of: DeployedFunctions) => of.variable('token-exchange', 'BASE_URL');
    notStrictEqual(urlOf(functions), urlOf(functionsBefore));
    strictEqual(functions.variable('token-exchange', 'DIRECTORY_TABLE'), records.tables.Directory);
    strictEqual((await fetch(address.api + OPERATIONS.Jwks.path)).status, 200);
  });

  const front = await Front.open(functions, world.front.region, world.front);
  try {
    await connect(functions, front.endpoint);
    const agent = registered.agent.as(new Callers(front).data());
    const there = registeredAgent(agent, registered.workloadIdentityArn, issuer);
    await checks.check(
      'at the new address, the service issues tokens with the earlier key and returns grants',
      () => expectUnchanged(there, before, front.endpoint, front.endpoint),
    );
    await checks.check(
      'the stack of another app is updated for the new API, and its agent continues',
      async () => {
        await consumer.expectAtWork(front);
        await consumer.update(address);
        await consumer.expectAtWork(front);
      },
    );
    return { address, front, registered: there };
  } catch (error) {
    await front.close();
    throw error;
  }
}
