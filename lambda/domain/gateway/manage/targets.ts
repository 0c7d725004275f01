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
import { epochSeconds, type System } from '../../system';
import { PAGE, type GatewayTargetStore } from './gateway';
import { keepGatewayIdentity, type GatewayIdentityDependencies } from './gateway-identity';
import {
  arnOf,
  creationHashOf,
  ownedGateway,
  randomSuffix,
  type OwnedGatewayDependencies,
} from './owned-gateway';
import {
  checkKind,
  checkTarget,
  credentialOf,
  type CheckedTarget,
  type TargetCheckDependencies,
} from './target-checks';
import { synchronizedTools, toolsOf, type TargetToolDependencies } from './target-tools';

export interface TargetDependencies
  extends
    OwnedGatewayDependencies,
    GatewayIdentityDependencies,
    TargetCheckDependencies,
    TargetToolDependencies {
  readonly system: System;
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

/** Returns the name and everything that a request configures, after all checks. @throws as `checkTarget` and `toolsOf` */
async function checkedConfiguration(
  deps: TargetDependencies,
  principal: Caller,
  gateway: Gateway,
  input: (CreateTargetInput | UpdateTargetInput) & { readonly name: string },
) {
  const configuration = { name: input.name, ...configurationOf(input) };
  checkKind(gateway, configuration);
  await checkTarget(deps, gateway, principal, await keepGatewayIdentity(deps, gateway), configuration);
  return { ...configuration, ...(await toolsOf(deps, gateway, configuration)) };
}

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
  return {
    gatewayId: gateway.id,
    id,
    ...(await checkedConfiguration(deps, call.principal, gateway, { ...input, name })),
    creationHash: creationHashOf(input),
    revision: 1,
    createdTime: now,
    lastUpdatedTime: now,
  };
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
    if (!present) checkRoom(targets, input, deps.quotas);
    const target = present ?? (await newTarget(deps, call, gateway, input));
    annotate(resourceOf(deps, gateway.arn, target.id));
    if (!present) await writeTarget(deps, gateway, target);
    await keepGatewayIdentity(deps, gateway);
    return { gateway, target };
  });
}

/** Before a server is asked for its tools. @throws ConflictException, ServiceQuotaExceededException */
function checkRoom(
  targets: readonly GatewayTarget[],
  { name }: Pick<CreateTargetInput, 'name'>,
  { targetsPerGateway }: Pick<Quotas, 'targetsPerGateway'>,
): void {
  if (name !== undefined && targets.some((target) => target.name === name)) throw nameTaken(KIND, name);
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

type TargetOperation =
  'GetGatewayTarget' | 'UpdateGatewayTarget' | 'DeleteGatewayTarget' | 'SynchronizeGatewayTargets';

/** Performs an operation on a target for the owner of its gateway. */
const onTarget = <Operation extends TargetOperation>(
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
    const change = await checkedConfiguration(deps, principal, gateway, { ...input, name });
    annotate({ changed: changedMembers(target, change) });
    const changed = await replaceTarget(deps, gateway, target, change);
    await keepGatewayIdentity(deps, gateway);
    return { gateway, target: changed };
  });

/** @throws ThrottlingException after a concurrent change */
async function replaceTarget(
  { gatewayTargets, system }: Pick<TargetDependencies, 'gatewayTargets' | 'system'>,
  gateway: Gateway,
  target: GatewayTarget,
  change: Partial<GatewayTarget>,
): Promise<GatewayTarget> {
  const revision = target.revision + 1;
  const changed = { ...target, ...change, revision, lastUpdatedTime: epochSeconds(system) };
  if (!(await gatewayTargets.replace(gateway, changed))) throw changedConcurrently();
  return changed;
}

/**
 * Fetches the tools of an MCP server again; see `synchronizedTools`.
 *
 * @throws as `getGatewayTarget`; ThrottlingException after a concurrent change; ValidationException for another target;
 *   ServiceError if the tools cannot be fetched
 */
export const synchronizeGatewayTarget = (
  deps: TargetDependencies,
  principal: Caller,
  input: OnTarget,
): Promise<TargetOfGateway> =>
  onTarget(deps, 'SynchronizeGatewayTargets', principal, input, async ({ gateway, target }, annotate) => {
    const change = await synchronizedTools(deps, gateway, target);
    annotate({ changed: changedMembers(target, change).filter((member) => member === 'tools') });
    return { gateway, target: await replaceTarget(deps, gateway, target, change) };
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
