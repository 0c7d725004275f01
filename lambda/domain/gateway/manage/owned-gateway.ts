/** What the operations on gateways and those on their targets have in common. */
import type { Gateway } from '../../../model/records/gateway';
import { hashOf } from '../../digest';
import { withOwnerId } from '../../ownership';
import { authorizeAction, type Call } from '../../policy/access';
import { ServiceError } from '../../service-error';
import type { System } from '../../system';
import { findGateway, gatewayArn, type GatewayStore } from './gateway';

export interface OwnedGatewayDependencies {
  readonly gateways: GatewayStore;
  readonly arnPrefix: string;
}

/** Returns the ARN that an identifier means: an ID or an ARN. */
export const arnOf = (arnPrefix: string, identifier: string): string =>
  identifier.startsWith('arn:') ? identifier : gatewayArn(arnPrefix, identifier);

const noSuchGateway = (identifier: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', `There is no gateway "${identifier}".`, {
    problem: { code: 'ResourceNotFound', values: { resource: 'gateway', name: identifier } },
  });

/**
 * Returns the gateway for its owner.
 *
 * @param gateways `getForDeletion` in the place of `get` finds a gateway whose deletion was interrupted
 * @throws ResourceNotFoundException, AccessDeniedException
 */
export async function ownedGateway(
  { gateways, arnPrefix }: { readonly gateways: Pick<GatewayStore, 'get'>; readonly arnPrefix: string },
  call: Call,
  identifier: string,
): Promise<Gateway> {
  const arn = arnOf(arnPrefix, identifier);
  const prefix = gatewayArn(arnPrefix, '');
  const gateway = arn.startsWith(prefix) ? await findGateway(gateways, arn.slice(prefix.length)) : undefined;
  if (!gateway) throw noSuchGateway(identifier);
  authorizeAction({ ...call, resource: gateway });
  return withOwnerId(gateway, call.principal);
}

/** Characters of the random part of an ID, and the bytes that nearly always contain as many letters and digits. */
const SUFFIX_LENGTH = 10;
const SUFFIX_BYTES = 48;

/** Returns lowercase letters and digits. */
export function randomSuffix(system: Pick<System, 'randomToken'>): string {
  const characters = system.randomToken(SUFFIX_BYTES).replace(/[^0-9a-z]/g, '');
  return characters.length < SUFFIX_LENGTH ? randomSuffix(system) : characters.slice(0, SUFFIX_LENGTH);
}

/** Returns what recognizes a repetition of a creation; undefined for a request without a token. */
export const creationHashOf = (input: { readonly clientToken?: string | undefined }): string | undefined =>
  input.clientToken === undefined ? undefined : hashOf(JSON.stringify(input));
