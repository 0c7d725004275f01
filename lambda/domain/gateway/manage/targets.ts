/** Creates, reads, changes, deletes, and lists the targets of a gateway. */
import type {
  CreateTargetInput,
  ListTargetsInput,
  UpdateTargetInput,
} from '../../../model/gateway/gateway-request';
import type { Gateway, GatewayTarget } from '../../../model/records/gateway';
import { audited, type Annotate, type AuditTrail } from '../../audit';
import { openPage, type Listed, type PageTokens } from '../../pagination';
import type { Call } from '../../policy/access';
import type { Caller } from '../../principal';
import type { Quotas } from '../../quotas';
import { changedConcurrently, changedMembers, nameTaken } from '../../resource-write';
import { writeContents } from '../../sealing/deletion';
import { invalidMember, ServiceError } from '../../service-error';
import { epochSeconds } from '../../system';
import { PAGE, type GatewayTargetStore } from './gateway';
import { keepGatewayIdentity, type GatewayIdentityDependencies } from './gateway-identity';
import {
  arnOf,
  creationHashOf,
  ownedGateway,
  randomSuffix,
  type OwnedGatewayDependencies,
} from './owned-gateway';
import { checkTarget, credentialOf, type CheckedTarget, type TargetCheckDependencies } from './target-checks';

export interface TargetDependencies
  extends OwnedGatewayDependencies, GatewayIdentityDependencies, TargetCheckDependencies {
  readonly gatewayTargets: GatewayTargetStore;
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
  readonly quotas: Quotas;
}

/** A target, and the gateway that it belongs to. */
export interface TargetOfGateway {
  readonly gateway: Gateway;
  readonly target: GatewayTarget;
}

const KIND = 'gateway target';

const resourceOf = (deps: { readonly arnPrefix: string }, gateway: string, targetId: string) => ({
  resource: `${arnOf(deps.arnPrefix, gateway)}/target/${targetId}`,
});

const configurationOf = ({
  description,
  targetConfiguration,
  credentialProviderConfigurations,
  metadataConfiguration,
  privateEndpoint,
}: CreateTargetInput | UpdateTargetInput): CheckedTarget & Pick<GatewayTarget, 'description'> => ({
  description,
  targetConfiguration,
  credential: credentialOf(credentialProviderConfigurations),
  metadataConfiguration,
  privateEndpoint,
});

/** @throws ResourceNotFoundException */
async function targetOf(
  { gatewayTargets }: Pick<TargetDependencies, 'gatewayTargets'>,
  gateway: Gateway,
  targetId: string,
): Promise<GatewayTarget> {
  const target = (await gatewayTargets.list(gateway)).find(({ id }) => id === targetId);
  if (target) return target;
  throw new ServiceError('ResourceNotFoundException', `The gateway has no target "${targetId}".`, {
    problem: { code: 'ResourceNotFound', values: { resource: KIND, name: targetId } },
  });
}

async function newTarget(
  deps: TargetDependencies,
  call: Call,
  gateway: Gateway,
  input: CreateTargetInput,
): Promise<GatewayTarget> {
  const id = randomSuffix(deps.system);
  const { name = id } = input;
  const now = epochSeconds(deps.system);
  const target: GatewayTarget = {
    gatewayId: gateway.id,
    name,
    id,
    ...configurationOf(input),
    creationHash: creationHashOf(input),
    revision: 1,
    createdTime: now,
    lastUpdatedTime: now,
  };
  await checkTarget(deps, call.principal, await keepGatewayIdentity(deps, gateway), target);
  return target;
}

/** Returns the target that the same request created before. */
const repeated = (targets: readonly GatewayTarget[], input: CreateTargetInput): GatewayTarget | undefined => {
  const hash = creationHashOf(input);
  return hash === undefined ? undefined : targets.find(({ creationHash }) => creationHash === hash);
};

/**
 * Creates a target. A repetition of the request with the same `clientToken` returns it.
 *
 * @throws ConflictException if the gateway has a target with this name, ServiceQuotaExceededException,
 *   ResourceNotFoundException, AccessDeniedException; as `checkTarget`
 */
export function createGatewayTarget(
  deps: TargetDependencies,
  principal: Caller,
  input: CreateTargetInput,
): Promise<TargetOfGateway> {
  return audited(deps.audit, { operation: 'CreateGatewayTarget', principal }, async (annotate, call) => {
    annotate({ resource: arnOf(deps.arnPrefix, input.gatewayIdentifier) });
    const gateway = await ownedGateway(deps, call, input.gatewayIdentifier);
    const targets = await deps.gatewayTargets.list(gateway);
    const present = repeated(targets, input);
    const target = present ?? (await newTarget(deps, call, gateway, input));
    annotate(resourceOf(deps, gateway.arn, target.id));
    if (!present) {
      checkTargetQuota(targets, deps.quotas);
      await writeTarget(deps, gateway, target);
    }
    await keepGatewayIdentity(deps, gateway);
    return { gateway, target };
  });
}

function checkTargetQuota(
  targets: readonly GatewayTarget[],
  { targetsPerGateway }: Pick<Quotas, 'targetsPerGateway'>,
): void {
  if (targets.length < targetsPerGateway) return;
  throw new ServiceError(
    'ServiceQuotaExceededException',
    `The gateway has reached the quota "targetsPerGateway": ${targetsPerGateway}. Delete some targets, or ask the operator to raise the quota.`,
  );
}

/** @throws ConflictException; ThrottlingException if the gateway was deleted during the request */
const writeTarget = (
  { gateways, gatewayTargets }: Pick<TargetDependencies, 'gateways' | 'gatewayTargets'>,
  gateway: Gateway,
  target: GatewayTarget,
): Promise<void> =>
  writeContents(
    gateways,
    gateway,
    async () => {
      if (!(await gatewayTargets.create(gateway, target))) throw nameTaken(KIND, target.name);
    },
    async () => {
      await gatewayTargets.remove(gateway, target);
    },
  );

/** An operation on one target. */
interface OnTarget {
  readonly gatewayIdentifier: string;
  readonly targetId: string;
}

/** Performs an operation on a target for the owner of its gateway. */
const onTarget = <Operation extends 'GetGatewayTarget' | 'UpdateGatewayTarget' | 'DeleteGatewayTarget'>(
  deps: TargetDependencies,
  operation: Operation,
  principal: Caller,
  { gatewayIdentifier, targetId }: OnTarget,
  work: (found: TargetOfGateway, annotate: Annotate) => Promise<TargetOfGateway>,
): Promise<TargetOfGateway> =>
  audited(deps.audit, { operation, principal }, async (annotate, call) => {
    annotate(resourceOf(deps, gatewayIdentifier, targetId));
    const gateway = await ownedGateway(deps, call, gatewayIdentifier);
    return work({ gateway, target: await targetOf(deps, gateway, targetId) }, annotate);
  });

/** Returns the target. @throws ResourceNotFoundException, AccessDeniedException */
export const getGatewayTarget = (
  deps: TargetDependencies,
  principal: Caller,
  input: OnTarget,
): Promise<TargetOfGateway> =>
  onTarget(deps, 'GetGatewayTarget', principal, input, (found) => Promise.resolve(found));

/**
 * Replaces the configuration of a target.
 *
 * @throws ResourceNotFoundException, AccessDeniedException, ThrottlingException after a concurrent change;
 *   ValidationException, also for another name; as `checkTarget`
 */
export const updateGatewayTarget = (
  deps: TargetDependencies,
  principal: Caller,
  input: UpdateTargetInput,
): Promise<TargetOfGateway> =>
  onTarget(deps, 'UpdateGatewayTarget', principal, input, async ({ gateway, target }, annotate) => {
    const { name = target.name } = input;
    if (name !== target.name) throw invalidMember('name', `must stay ${target.name}`);
    const change = configurationOf(input);
    annotate({ changed: changedMembers(target, change) });
    await checkTarget(deps, principal, await keepGatewayIdentity(deps, gateway), change);
    const changed: GatewayTarget = {
      ...target,
      ...change,
      revision: target.revision + 1,
      lastUpdatedTime: epochSeconds(deps.system),
    };
    if (!(await deps.gatewayTargets.replace(gateway, changed))) throw changedConcurrently();
    await keepGatewayIdentity(deps, gateway);
    return { gateway, target: changed };
  });

/** Deletes the target. @throws ResourceNotFoundException, AccessDeniedException, ThrottlingException */
export const deleteGatewayTarget = (
  deps: TargetDependencies,
  principal: Caller,
  input: OnTarget,
): Promise<TargetOfGateway> =>
  onTarget(deps, 'DeleteGatewayTarget', principal, input, async ({ gateway, target }) => {
    if (!(await deps.gatewayTargets.remove(gateway, target))) throw changedConcurrently();
    await keepGatewayIdentity(deps, gateway);
    return { gateway, target };
  });

/** Lists the targets of a gateway by name. @throws as `getGateway`; ValidationException for a token of another listing */
export function listGatewayTargets(
  deps: TargetDependencies,
  principal: Caller,
  { gatewayIdentifier, maxResults = PAGE, nextToken }: ListTargetsInput,
): Promise<Listed<GatewayTarget>> {
  return audited(deps.audit, { operation: 'ListGatewayTargets', principal }, async (annotate, call) => {
    annotate({ resource: arnOf(deps.arnPrefix, gatewayIdentifier) });
    const gateway = await ownedGateway(deps, call, gatewayIdentifier);
    const listing = { principal, operation: `ListGatewayTargets ${gateway.id}` };
    const { after = '', seal } = await openPage(deps.pageTokens, listing, nextToken);
    const rest = (await deps.gatewayTargets.list(gateway)).filter(({ name }) => name > after);
    const resources = rest.slice(0, maxResults);
    const last = rest.length > maxResults ? resources.at(-1)?.name : undefined;
    return { resources, ...(last !== undefined && { nextToken: await seal(last) }) };
  });
}
