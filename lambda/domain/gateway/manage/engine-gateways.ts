/** Which gateways name a policy engine. The engine knows them, so that it cannot be deleted while one does. */
import type { Gateway } from '../../../model/records/gateway';
import type { PolicyEngine } from '../../../model/records/policy-engine';
import { LONGEST_REQUEST_MS } from '../../../model/time-limits';
import { isOwnedBy } from '../../ownership';
import type { Caller } from '../../principal';
import { changedConcurrently } from '../../resource-write';
import { invalidMember, ServiceError } from '../../service-error';
import { epochSeconds, type System } from '../../system';
import { findGateway, type GatewayStore } from './gateway';
import { engineIdIn, findPolicyEngine, type PolicyEngineStore } from './policy-engine';

export interface EngineGatewayDependencies {
  readonly policyEngines: PolicyEngineStore;
  readonly arnPrefix: string;
  readonly system: System;
}

/** Gateways of an engine: they are in its record. */
const MAX_GATEWAYS = 100;

/** Seconds for which an entry can be about a gateway that is still being written. */
const UNWRITTEN = LONGEST_REQUEST_MS / 1000;

const ATTEMPTS = 5;

type Configured = Pick<Gateway, 'id' | 'policyEngineConfiguration'>;

const engineArnOf = ({ policyEngineConfiguration }: Configured) => policyEngineConfiguration?.arn;

/** Writes the entries that `change` returns, unless it returns the present ones. @throws ThrottlingException */
async function changeEntries(
  { policyEngines, system, arnPrefix }: EngineGatewayDependencies,
  engineArn: string,
  change: (engine: PolicyEngine | undefined) => PolicyEngine['gateways'] | undefined,
): Promise<void> {
  const id = engineIdIn(arnPrefix, engineArn);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const engine = id === undefined ? undefined : await findPolicyEngine(policyEngines, id);
    const gateways = change(engine);
    if (!engine || gateways === undefined) return;
    const changed = { ...engine, gateways, revision: engine.revision + 1 };
    if (await policyEngines.replace({ ...changed, lastUpdatedTime: epochSeconds(system) })) return;
  }
  throw changedConcurrently();
}

/**
 * Notes in the engine that a gateway is about to name it.
 *
 * @throws ValidationException for an engine that does not exist, or belongs to another principal;
 *   ServiceQuotaExceededException, ThrottlingException
 */
export async function noteGateway(
  deps: EngineGatewayDependencies,
  principal: Caller,
  gateway: Configured,
): Promise<void> {
  const arn = engineArnOf(gateway);
  if (arn === undefined) return;
  await changeEntries(deps, arn, (engine) => {
    if (!engine || !isOwnedBy(engine, principal)) {
      throw invalidMember('policyEngineConfiguration.arn', 'must be the ARN of a policy engine that you own');
    }
    const others = engine.gateways.filter(({ id }) => id !== gateway.id);
    if (others.length >= MAX_GATEWAYS) {
      throw new ServiceError(
        'ServiceQuotaExceededException',
        `A policy engine can have up to ${MAX_GATEWAYS} gateways. Create another engine.`,
      );
    }
    return [...others, { id: gateway.id, since: epochSeconds(deps.system) }];
  });
}

/** Removes the entry of a gateway that does not name the engine any more. */
export async function forgetGateway(
  deps: EngineGatewayDependencies,
  gateway: Pick<Gateway, 'id'>,
  engineArn: string | undefined,
): Promise<void> {
  if (engineArn === undefined) return;
  await changeEntries(deps, engineArn, (engine) =>
    engine?.gateways.some(({ id }) => id === gateway.id)
      ? engine.gateways.filter(({ id }) => id !== gateway.id)
      : undefined,
  );
}

/** @throws ConflictException if a gateway names the engine, or is about to */
export async function checkUnused(
  { gateways, system }: { readonly gateways: GatewayStore; readonly system: System },
  engine: PolicyEngine,
): Promise<void> {
  for (const { id, since } of engine.gateways) {
    const gateway = await findGateway(gateways, id);
    const isUnwritten = since + UNWRITTEN > epochSeconds(system);
    if (engineArnOf({ id, ...gateway }) === engine.arn || isUnwritten) {
      throw new ServiceError(
        'ConflictException',
        `The gateway "${id}" uses this policy engine. Update or delete the gateway first.`,
      );
    }
  }
}
