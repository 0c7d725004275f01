/** Composition of what a deployment with replicas in other Regions needs: its ARNs, and the fence of its writing Region. */
import { createJsonClient, DYNAMODB, SECRETS_MANAGER } from '../../adapters/aws/json-client';
import type { Operations, ServiceClient } from '../../adapters/aws/service-client';
import { createSecretTexts } from '../../adapters/secretsmanager/secrets';
import { arnParts } from '../../model/arn';
import { createTable } from '../../adapters/dynamodb/table';
import { createWritingRegionStore } from '../../adapters/dynamodb/directory-stores';
import { namingInIdentityRegion } from '../../adapters/identity-region';
import { system } from '../../adapters/system';
import { createRegionFence, type RegionFence } from '../../domain/writing-region';
import { readEnvironment } from './environment';
import { REQUEST_TIMEOUTS } from './request-timeouts';

/** The Region in the ARNs of the deployment, and the one in which this function runs. */
function readRegions(): { readonly identityRegion: string; readonly ownRegion: string } {
  const { ARN_PREFIX, AWS_REGION } = readEnvironment('ARN_PREFIX', 'AWS_REGION');
  return { identityRegion: arnParts(ARN_PREFIX).region, ownRegion: AWS_REGION };
}

/** Returns the account of the deployment. */
export const readAccount = (): string => arnParts(readEnvironment('ARN_PREFIX').ARN_PREFIX).account;

/** Returns the client of AWS KMS or AWS Secrets Manager, which takes and returns ARNs with the identity Region. */
export const named = <Of extends Operations<Of>>(client: ServiceClient<Of>): ServiceClient<Of> =>
  namingInIdentityRegion(client, readRegions());

/** Returns the secrets of the deployment's account. */
export const secretTexts = () =>
  createSecretTexts(named(createJsonClient(SECRETS_MANAGER, REQUEST_TIMEOUTS)));

function readRegionFence(): RegionFence | undefined {
  if (process.env.REPLICATED_TABLE === undefined) return undefined;
  const { REPLICATED_TABLE } = readEnvironment('REPLICATED_TABLE');
  const store = createWritingRegionStore(
    createTable(createJsonClient(DYNAMODB, REQUEST_TIMEOUTS), REPLICATED_TABLE),
  );
  return createRegionFence({ store, ...readRegions(), system });
}

/** The fence; undefined for a deployment without replicas, which serves all requests. */
export const regionFence = readRegionFence();
