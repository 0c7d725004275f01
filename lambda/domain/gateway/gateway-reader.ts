/** The directory as the gateway function reads it, at each request, so that a change acts immediately. */
import type { Gateway, GatewayTarget, TargetCandidate } from '../../model/records/gateway';
import type { RateLimit } from '../../model/records/gateway-rate-limits';
import type { WorkloadIdentity } from '../../model/records/workload-identity';

/** A gateway with its rate limits, which are read in the same round trip. */
export interface LimitedGateway extends Gateway {
  readonly rateLimits: readonly RateLimit[];
}

export interface GatewayReader {
  /** Returns the workload identity of an agent behind a gateway. @returns undefined if it does not exist */
  identity(name: string): Promise<WorkloadIdentity | undefined>;
  /** @returns undefined for a gateway that does not exist */
  gateway(gatewayId: string): Promise<LimitedGateway | undefined>;
  /** Returns a target whose tools are being fetched. @returns undefined if there is none */
  candidate(gatewayId: string, candidateId: string): Promise<TargetCandidate | undefined>;
  /** @returns undefined unless both exist */
  target(
    gatewayId: string,
    targetName: string,
  ): Promise<{ readonly gateway: LimitedGateway; readonly target: GatewayTarget } | undefined>;
}
