/** Consent portals: pages on which users connect their accounts to agents. */
import { createdPortal, identifiedPortal, updatedPortal } from '../../model/portal-request';
import { NO_DELETING, OWN_LISTED, PORTAL_OF_OWNER, PORTAL_OWNED, UNUSED_ROLE } from '../differences';
import { operations } from '../operation';
import type { ReferenceOf } from '../reference';
import { listing } from '../../model/request-values';

export const consentPortal = operations('control-plane', '/identities', {
  CreateConsentPortal: {
    status: 202,
    input: createdPortal,
  },
  GetConsentPortal: { input: identifiedPortal },
  UpdateConsentPortal: {
    status: 202,
    input: updatedPortal,
  },
  DeleteConsentPortal: { status: 204, input: identifiedPortal },
  ListConsentPortals: { input: listing(100) },
});

export const reference: ReferenceOf<typeof consentPortal> = {
  CreateConsentPortal: {
    does: 'Creates a consent portal: pages on which users connect their accounts to agents, and disconnect them ([portal.md](portal.md)). The status is `CREATING` until the service verified the sign-in provider, and then `ACTIVE`, or `FAILED` with a `statusReason`. A `statusReason` of an `ACTIVE` portal warns that users can probably not sign in, that they cannot disconnect the accounts of an agent, or that an agent or a connection is left out. Register `{portalUrl}/callback` as a redirect URI at the identity provider; `portalUrl` has no scheme, which is https. Users sign in with `idpConfig`, whose issuer the workload identities must trust.',
    errors: ['ConflictException', 'ServiceQuotaExceededException', 'ResourceNotFoundException'],
    differs: [PORTAL_OF_OWNER, UNUSED_ROLE, PORTAL_OWNED],
  },
  GetConsentPortal: {
    does: 'Returns a portal by its ID or ARN, with its status.',
    errors: ['ResourceNotFoundException'],
    differs: [PORTAL_OWNED],
  },
  UpdateConsentPortal: {
    does: 'Changes the given members. If `idpConfig`, `sources`, or `connections` is given, or if the last verification failed or ended with a warning, the status is `UPDATING` until the service verified the portal, and then `ACTIVE`, or `UPDATE_FAILED` with a `statusReason`. The portal has its pages only while it is `ACTIVE`.',
    errors: ['ResourceNotFoundException'],
    differs: [UNUSED_ROLE, PORTAL_OWNED],
  },
  DeleteConsentPortal: {
    does: 'Deletes a portal by its ID or ARN. Its pages and sessions end immediately. The connections of the users stay: they belong to the agents.',
    errors: ['ResourceNotFoundException'],
    differs: [PORTAL_OWNED, NO_DELETING],
  },
  ListConsentPortals: { does: 'Returns a page of consent portals, sorted by name.', differs: [OWN_LISTED] },
};
