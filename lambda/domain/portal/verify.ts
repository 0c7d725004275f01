/** Verifies that a portal can work: its sign-in provider, and that its agents trust the issuer that people sign in at. */
import { audited, type AuditTrail } from '../audit';
import {
  issuerOf,
  trustedIssuersOf,
  withoutTrailingSlash,
  type DeployedIssuer,
} from '../identity/trusted-issuer';
import { ProviderFailure } from '../oauth/provider-failure';
import type { MetadataReader } from '../oauth/provider-metadata';
import { actionDenial } from '../policy/access';
import type { IdentityReader } from '../restriction/restriction';
import type { System } from '../system';
import type { ConsentPortal, ConsentPortalStore } from './consent-portal';
import { ownerOf, signInProviderOf, type ServedPortalDependencies } from './served-portal';
import { signInEndpoints } from './sign-in';
import { concludeVerification, unverifiedPortal } from './verification';

export interface VerifyPortalDependencies {
  readonly portals: ConsentPortalStore;
  readonly providers: ServedPortalDependencies['providers'];
  readonly directory: IdentityReader;
  readonly metadata: MetadataReader;
  /** The deployment's issuers, for workload identities without their own authorizer configuration. */
  readonly trustedIssuers: readonly DeployedIssuer[];
  readonly audit: AuditTrail;
  readonly system: System;
}

/** Returns why an agent cannot be in the portal; undefined if it can. */
async function sourceFault(
  { directory, trustedIssuers }: VerifyPortalDependencies,
  portal: ConsentPortal,
  { name, issuer }: { readonly name: string; readonly issuer: string },
): Promise<string | undefined> {
  const { identity } = await directory.readIdentity(name, undefined);
  if (!identity) return `The workload identity "${name}" does not exist.`;
  const call = { principal: ownerOf(portal), operation: 'GetWorkloadAccessTokenForJWT' } as const;
  const denial = actionDenial({ ...call, resource: identity });
  if (denial) return denial.message;
  const trusted = trustedIssuersOf(identity, trustedIssuers);
  if (trusted.some((entry) => issuerOf(entry) === withoutTrailingSlash(issuer))) return undefined;
  return `The workload identity "${name}" does not trust the issuer ${issuer} of the sign-in provider. Add it to the trusted issuers of the deployment or of the workload identity.`;
}

/** Returns why the portal cannot work, for its owner; undefined if it can. */
async function portalFault(
  deps: VerifyPortalDependencies,
  portal: ConsentPortal,
): Promise<string | undefined> {
  const provider = await signInProviderOf(deps, portal);
  if (typeof provider === 'string') return provider;
  if (provider.clientId === '') return `The credential provider ${provider.arn} has no clientId.`;
  if (provider.discovery.discoveryUrl === undefined) {
    return `The credential provider ${provider.arn} has no discovery URL, which a sign-in requires.`;
  }
  let issuer: string;
  try {
    const metadata = await deps.metadata.read(provider.discovery);
    signInEndpoints(metadata);
    ({ issuer } = metadata);
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    return `The metadata of the credential provider ${provider.arn} cannot be used for a sign-in (${error.code}): ${error.detail}. Update the portal to verify it again.`;
  }
  const faults = await Promise.all(
    portal.sources.map(({ identifier: name }) => sourceFault(deps, portal, { name, issuer })),
  );
  return faults.find((fault) => fault !== undefined);
}

/** Maximum characters of AWS's `statusReason`. */
const MAX_REASON = 1_024;

/**
 * Verifies a portal, and stores the result as its status. A portal that was deleted, changed, or verified in the meantime
 * stays as it is.
 *
 * @param revision `configurationRevision` of the portal
 */
export async function verifyPortal(
  deps: VerifyPortalDependencies,
  { portalId, revision }: { readonly portalId: string; readonly revision: number },
): Promise<void> {
  const portal = await unverifiedPortal(deps.portals, portalId, revision);
  if (!portal) return;
  await audited(deps.audit, { operation: 'VerifyConsentPortal' }, async (annotate) => {
    annotate({ principal: portal.owner, consentPortal: portal.arn });
    const fault = (await portalFault(deps, portal))?.slice(0, MAX_REASON);
    const concluded = await concludeVerification(deps, { portalId, revision, fault });
    annotate({
      ...(concluded && { result: concluded.status }),
      ...(fault !== undefined && { reason: fault }),
    });
  });
}
