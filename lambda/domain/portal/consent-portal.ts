/**
 * Consent portals: pages on which users see the agents that can act for them, and connect and disconnect accounts. The
 * resource of a portal, as its owner configures it.
 *
 * A portal acts with the rights of the principal that owns it. Every step evaluates these rights again on each workload
 * identity and credential provider.
 */
import type { CustomParameters } from '../custom-parameters';
import type { OwnedResource, OwnedResourceStore } from '../owned-resource';

/**
 * AWS's states, except for `DELETING`: no request finds a deleted portal. Only an `ACTIVE` portal has pages.
 * `CREATING` and `UPDATING` last until the configuration was verified.
 */
export const CONSENT_PORTAL_STATUSES = ['CREATING', 'ACTIVE', 'FAILED', 'UPDATING', 'UPDATE_FAILED'] as const;

export type ConsentPortalStatus = (typeof CONSENT_PORTAL_STATUSES)[number];

/** An agent whose connections the portal lists. AWS's only type is a gateway, which this service does not have. */
export interface PortalSource {
  readonly type: 'workload-identity';
  /** Name of the workload identity. */
  readonly identifier: string;
}

/** How users sign in to the portal. */
export interface PortalSignIn {
  /** ARN of an OAuth2 credential provider of this deployment that has a discovery URL. */
  readonly credentialProviderArn: string;
  /** Scopes of the sign-in, to which the service adds `openid`. */
  readonly scopes: readonly string[];
  readonly audience?: string | undefined;
}

/** How the pages look. Not in the AWS API. */
export interface PortalBranding {
  /** Replaces the portal's name on the pages. */
  readonly name?: string | undefined;
  /** `#rrggbb`. */
  readonly color?: string | undefined;
  /** An image as a `data:` URL. */
  readonly logo?: string | undefined;
}

/** A connection that a user can make on the page before any grant exists. Not in the AWS API. */
export interface PortalConnection {
  /** One of the portal's sources. */
  readonly workloadName: string;
  readonly credentialProviderName: string;
  readonly scopes: readonly string[];
  readonly customParameters?: CustomParameters | undefined;
  /** What the agent uses the access for, in words for the user. */
  readonly purpose?: string | undefined;
}

/** Maximum characters of AWS's `statusReason`. */
export const MAX_REASON = 1_024;

/** Resources by their ARNs, which contain their names, the latest last. */
export type ConfiguredResources = readonly Pick<OwnedResource, 'arn' | 'id'>[];

/**
 * `id` is AWS's `consentPortalId`, which the portal's address contains. Its random suffix makes it unique: a portal that
 * is deleted and created again under its name has another address, so a page of the earlier portal does not lead to it.
 */
export interface ConsentPortal extends OwnedResource {
  readonly description?: string | undefined;
  /** Required by the AWS API. Stored and returned, and never used. */
  readonly executionRoleArn: string;
  readonly sources: readonly PortalSource[];
  readonly idpConfig: PortalSignIn;
  readonly branding?: PortalBranding | undefined;
  readonly connections: readonly PortalConnection[];
  /** Of the resources that the portal names, and named before. Absent: only those of its owner are part of it. */
  readonly resources?: ConfiguredResources | undefined;
  readonly status: ConsentPortalStatus;
  /**
   * Why the status is `FAILED` or `UPDATE_FAILED`, or why users might not be able to sign in, to make a connection, or to
   * disconnect one, although it is `ACTIVE`: for the owner, without secrets.
   */
  readonly statusReason?: string | undefined;
  /**
   * Revision that wrote the configuration which the status is about. The result of a verification applies to this
   * revision, also after a change of tags.
   */
  readonly configurationRevision: number;
}

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
 * Returns AWS's `portalUrl`, which has no scheme: clients add `https://`. Only an address on this machine includes its
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
