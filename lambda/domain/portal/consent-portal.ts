/**
 * Consent portals: pages on which users see the agents that can act for them, and connect and disconnect accounts. The
 * resource of a portal, as its owner configures it.
 *
 * A portal acts with the rights of the principal that owns it. Every step evaluates these rights again on each workload
 * identity and credential provider.
 */
import type { ConsentPortal } from '../../model/records/consent-portal';
import type { OwnedResourceStore } from '../owned-resource';

/** Maximum characters of the AWS member `statusReason`. */
export const MAX_REASON = 1_024;

export type ConsentPortalStore = OwnedResourceStore<ConsentPortal>;

export const consentPortalArn = (arnPrefix: string, id: string): string =>
  `${arnPrefix}:consent-portal/${id}`;

const ID = /^([a-zA-Z0-9_-]{1,50})-[A-Za-z0-9]{10}$/;

/** Returns the name of the portal with this ID; undefined if the text cannot be an ID. */
export const portalNameIn = (portalId: string): string | undefined => ID.exec(portalId)?.[1];

/** Returns the portal; undefined if none has this ID. */
export async function findPortal(
  portals: Pick<ConsentPortalStore, 'get'>,
  portalId: string,
): Promise<ConsentPortal | undefined> {
  const name = portalNameIn(portalId);
  const portal = name === undefined ? undefined : await portals.get(name);
  return portal?.id === portalId ? portal : undefined;
}

/** Returns the address of the portal's first page. */
const portalAddress = (baseUrl: string, portalId: string): string => `${baseUrl}/portals/${portalId}`;

/**
 * Returns the AWS member `portalUrl`, which has no scheme: clients add `https://`. Only an address on this machine includes its
 * scheme, which is http.
 */
export const portalUrl = (baseUrl: string, portalId: string): string =>
  portalAddress(baseUrl, portalId).replace(/^https:\/\//, '');

/** Returns the redirect URI of the sign-in, which is registered at the identity provider. */
export const portalCallbackUrl = (baseUrl: string, portalId: string): string =>
  `${portalAddress(baseUrl, portalId)}/callback`;

/** Returns the return URL of the connections that users make on the portal. */
export const portalReturnUrl = (baseUrl: string, portalId: string): string =>
  `${portalAddress(baseUrl, portalId)}/connect/callback`;

/** Returns the ID in a portal's return URL, which is compared exactly; undefined for every other URL. */
export function portalIdInReturnUrl(baseUrl: string, returnUrl: string): string | undefined {
  const [portalId = ''] = returnUrl.slice(portalAddress(baseUrl, '').length).split('/');
  return returnUrl === portalReturnUrl(baseUrl, portalId) ? portalId : undefined;
}

/** Returns what every page shows of the portal. */
export const appearanceOf = ({ id, name, branding }: ConsentPortal) => ({
  portalId: id,
  name: branding?.name ?? name,
  ...(branding?.color !== undefined && { color: branding.color }),
  ...(branding?.logo !== undefined && { logo: branding.logo }),
});
