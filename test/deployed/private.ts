/**
 * The API becomes private, and public again. Its ID and address stay. The function behind the resources of another app
 * moves into the VPC and out of it, and stays the owner of its resources.
 *
 * The emulator evaluates the resource policy of the API, but has no network: a request comes through the VPC endpoint if
 * the role of a function in a VPC signed it (emulator/emulator.py).
 */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { Lambda } from '@aws-sdk/client-lambda';
import { OPERATIONS } from '../../lambda/operations';
import type { Checks } from './checks';
import { DeployedFunction } from './deployed-function';
import { DeployedFunctions } from './deployed-functions';
import { ADDRESS_APP, type DeployedAgain, type MovedWorld } from './moved';
import { RESOURCE_FUNCTION } from './on-this-machine';

const VPC_ENDPOINT = 'vpce-0123456789abcdef0';
const SUBNET = 'subnet-0123456789abcdef0';

const VPC = {
  vpcId: 'vpc-0123456789abcdef0',
  availabilityZones: ['eu-central-1a'],
  privateSubnetIds: [SUBNET],
  privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
};

/** How the API is reached in each of the two deployments. */
const ACCESS = {
  private: {
    network: { network: JSON.stringify(VPC) },
    status: 403,
    subnets: [SUBNET],
  },
  public: { network: {}, status: 200, subnets: [] },
} as const;

/** The function behind the resources of the only other app. */
async function resourceFunction() {
  const found = await DeployedFunction.find(
    new Lambda({}),
    'behind resources',
    ({ Description }) => Description === RESOURCE_FUNCTION,
  );
  const { FunctionArn, VpcConfig } = found.configuration;
  return { arn: FunctionArn, subnets: VpcConfig?.SubnetIds ?? [] };
}

export async function checkPrivate(
  checks: Checks,
  { cdk, assembly, tokenVaultKey, connect, consumer }: MovedWorld,
  { address, front, registered }: DeployedAgain,
): Promise<void> {
  const keyBefore = await registered.apiKey();
  const { arn } = await resourceFunction();

  const withEndpoint = () =>
    cdk.synth(ADDRESS_APP, 'private', {
      tokenVaultKeys: JSON.stringify([tokenVaultKey]),
      vpcEndpointId: VPC_ENDPOINT,
    });

  for (const name of ['private', 'public'] as const) {
    const { network, status, subnets } = ACCESS[name];

    await checks.step(`the API becomes ${name}`, async () => {
      await cdk.deploy(name === 'private' ? await withEndpoint() : assembly);
      strictEqual((await fetch(address.api + OPERATIONS.Jwks.path)).status, status);
      await connect(await DeployedFunctions.find(new Lambda({})), front.endpoint);
    });

    await checks.check(`with a ${name} API, the agent keeps its grants`, async () => {
      ok(await registered.token(), 'the user must not consent again');
      strictEqual(await registered.apiKey(), keyBefore);
    });

    await checks.check(
      `with a ${name} API, the stack of another app is updated by the same function`,
      async () => {
        await consumer.expectAtWork(front);
        await consumer.update({ ...address, ...network });
        deepStrictEqual(await resourceFunction(), { arn, subnets });
        await consumer.expectAtWork(front);
      },
    );
  }
}
