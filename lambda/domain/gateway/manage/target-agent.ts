/** The agent that a target is. */
import type { GatewayTarget } from '../../../model/records/gateway';

/** An agent behind a gateway. */
export interface TargetAgent {
  readonly functionArn: string;
  /** Name of the workload identity that it acts as. */
  readonly workloadName: string;
  readonly oauth2CallbackUrl?: string | undefined;
}

/** Returns the agent that a target is; undefined for a server. */
export function agentOf({
  name,
  targetConfiguration: { http },
}: Pick<GatewayTarget, 'name' | 'targetConfiguration'>): TargetAgent | undefined {
  if (!http?.agentcoreRuntime) return undefined;
  const {
    arn: functionArn,
    workloadIdentity: workloadName = name,
    oauth2CallbackUrl,
  } = http.agentcoreRuntime;
  return { functionArn, workloadName, oauth2CallbackUrl };
}
