/**
 * The gateway's workload access token for one request. It is asked for again when it is about to end, so that a long
 * response does not outlive the right of its caller.
 */
import { decodeJwt } from 'jose';
import type { WorkloadTokens } from '../gate/invoke';
import { epochSeconds, type System } from '../system';
import type { CalledFor } from './inbound';

/** Seconds before its end at which a token is replaced. */
const RENEWAL_MARGIN = 30;

export interface Access {
  /** Returns the present token. */
  readonly token: () => string;
  /** Requests another token if the present one is about to end, or always. @throws ServiceError */
  readonly renew: (when: 'ending' | 'always') => Promise<void>;
}

/** The token is not verified, because the service has just issued it. */
function endOf(token: string): number {
  try {
    return decodeJwt(token).exp ?? 0;
  } catch {
    return 0;
  }
}

/** @throws ServiceError with a message for the caller of the gateway */
export async function createAccess(
  {
    workloadTokens,
    system,
  }: { readonly workloadTokens: WorkloadTokens; readonly system: Pick<System, 'now'> },
  gatewayId: string,
  { onBehalfOf, callingAgent }: CalledFor,
): Promise<Access> {
  const request = () => workloadTokens.request(gatewayId, onBehalfOf, callingAgent);
  let token = await request();
  return {
    token: () => token,
    async renew(when) {
      if (when === 'always' || endOf(token) - RENEWAL_MARGIN <= epochSeconds(system)) token = await request();
    },
  };
}
