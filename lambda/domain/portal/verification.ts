/** The verification of a portal's configuration, which other systems take part in and which no caller waits for. */
import { changeResource } from '../resource-write';
import { ServiceError } from '../service-error';
import type { System } from '../system';
import { findPortal, type ConsentPortalStore } from './consent-portal';
import type { ConsentPortal } from '../../model/records/consent-portal';

/** Starts the verification of a portal's configuration. */
export interface PortalVerification {
  /** Returns when the verification was queued. @param revision `configurationRevision` of the portal */
  start(portalId: string, revision: number): Promise<void>;
}

const isUnverified = ({ status }: ConsentPortal): boolean => status === 'CREATING' || status === 'UPDATING';

/**
 * Returns the portal whose configuration must be verified; undefined if the portal was deleted, has another
 * configuration by now, or was verified.
 *
 * @param revision `configurationRevision` for which the verification was started
 */
export async function unverifiedPortal(
  portals: Pick<ConsentPortalStore, 'get'>,
  portalId: string,
  revision: number,
): Promise<ConsentPortal | undefined> {
  const portal = await findPortal(portals, portalId);
  return portal?.configurationRevision === revision && isUnverified(portal) ? portal : undefined;
}

/** Writes of a conclusion that concurrent changes, such as of tags, can make necessary. */
const ATTEMPTS = 5;

/**
 * Records how a verification ended, unless the portal has another configuration by now. Returns the portal, or undefined
 * if nothing was recorded.
 *
 * @param fault why the portal cannot work, as its owner reads it; undefined if it can
 * @param warning why users might not be able to sign in, or to make or end a connection, in a portal that can work
 */
export async function concludeVerification(
  { portals, system }: { readonly portals: ConsentPortalStore; readonly system: System },
  {
    portalId,
    revision,
    fault,
    warning,
  }: {
    portalId: string;
    revision: number;
    fault: string | undefined;
    warning?: string | undefined;
  },
): Promise<ConsentPortal | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const portal = await unverifiedPortal(portals, portalId, revision);
    if (!portal) return undefined;
    const failed = portal.status === 'CREATING' ? 'FAILED' : 'UPDATE_FAILED';
    try {
      return await changeResource(portals, system, portal, {
        status: fault === undefined ? 'ACTIVE' : failed,
        statusReason: fault ?? warning,
      });
    } catch (error) {
      const concurrent = error instanceof ServiceError && error.type === 'ThrottlingException';
      if (!concurrent || attempt === ATTEMPTS) throw error;
    }
  }
}
