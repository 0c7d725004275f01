/** Policy engines: the policies that decide which requests gateways forward, as their owner configures them. */
import type { EnginePolicies, PolicyEngine } from '../../../model/records/policy-engine';
import { withOwnerId } from '../../ownership';
import type { OwnedResourceStore } from '../../owned-resource';
import { authorizeAction, type Call } from '../../policy/access';
import { ServiceError } from '../../service-error';

export type PolicyEngineStore = OwnedResourceStore<PolicyEngine>;

type OfEngine = Pick<PolicyEngine, 'id' | 'name'>;

export interface EnginePolicyStore {
  /** Returns the policies; none at revision 0 if none were written. The read is strongly consistent. */
  get(engine: OfEngine): Promise<EnginePolicies>;
  /** Writes the policies if the stored ones have the previous revision. */
  replace(engine: OfEngine, policies: EnginePolicies): Promise<boolean>;
  remove(engine: OfEngine): Promise<void>;
}

export const policyEngineArn = (arnPrefix: string, id: string): string => `${arnPrefix}:policy-engine/${id}`;

const ID = /^(.+)-[0-9a-z_]{10}$/;

/** Returns the name of the engine with this ID, which is the name of its record; undefined for another text. */
export const nameInEngineId = (engineId: string): string | undefined => ID.exec(engineId)?.[1];

/** Returns the ID in an ARN of the deployment; undefined for another ARN. */
export function engineIdIn(arnPrefix: string, arn: string): string | undefined {
  const prefix = policyEngineArn(arnPrefix, '');
  return arn.startsWith(prefix) ? arn.slice(prefix.length) : undefined;
}

/** Returns the engine; undefined if none has this ID. */
export async function findPolicyEngine(
  engines: Pick<PolicyEngineStore, 'get'>,
  engineId: string,
): Promise<PolicyEngine | undefined> {
  const name = nameInEngineId(engineId);
  const engine = name === undefined ? undefined : await engines.get(name);
  return engine?.id === engineId ? engine : undefined;
}

/**
 * Returns the engine for its owner.
 *
 * @param engines `getForDeletion` in the place of `get` finds an engine whose deletion was interrupted
 * @throws ResourceNotFoundException, AccessDeniedException
 */
export async function ownedPolicyEngine(
  engines: Pick<PolicyEngineStore, 'get'>,
  call: Call,
  engineId: string,
): Promise<PolicyEngine> {
  const engine = await findPolicyEngine(engines, engineId);
  if (!engine) {
    throw new ServiceError('ResourceNotFoundException', `There is no policy engine "${engineId}".`, {
      problem: { code: 'ResourceNotFound', values: { resource: 'policy engine', name: engineId } },
    });
  }
  authorizeAction({ ...call, resource: engine });
  return withOwnerId(engine, call.principal);
}
