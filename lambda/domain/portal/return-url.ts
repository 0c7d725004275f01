/**
 * The return URLs of consent sessions: those that are registered on the agent's workload identity, and those of portals
 * that list the agent.
 */
import type { ReturnUrls } from '../consent/return-url';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import { portalActionDenial } from '../policy/access';
import { isConfigured } from './configured-resources';
import { findPortal, portalIdInReturnUrl, type ConsentPortalStore } from './consent-portal';
import { ownerOf } from './served-portal';

/** A portal's return URL is not registered on an identity: it is accepted while the portal can complete the session. */
export const createReturnUrls = ({
  portals,
  baseUrl,
}: {
  readonly portals: Pick<ConsentPortalStore, 'get'>;
  readonly baseUrl: string;
}): ReturnUrls => {
  async function portalOf(identity: WorkloadIdentity, returnUrl: string): Promise<string | undefined> {
    const portalId = portalIdInReturnUrl(baseUrl, returnUrl);
    const portal = portalId === undefined ? undefined : await findPortal(portals, portalId);
    if (portal?.status !== 'ACTIVE') return undefined;
    if (!portal.sources.some(({ identifier }) => identifier === identity.name)) return undefined;
    if (!isConfigured(portal, identity)) return undefined;
    const call = { principal: ownerOf(portal), operation: 'CompleteResourceTokenAuth' } as const;
    return portalActionDenial({ ...call, resource: identity }) === undefined ? portal.id : undefined;
  }
  return {
    portalOf,
    isRegistered: async (identity, returnUrl) =>
      identity.allowedResourceOauth2ReturnUrls.includes(returnUrl) ||
      (await portalOf(identity, returnUrl)) !== undefined,
  };
};
