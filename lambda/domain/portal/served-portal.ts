/** A portal that has pages: it exists, it is verified, and its owner is authorized to use its sign-in provider. */
import type { Annotate } from '../audit';
import { nameIn } from '../owned-resource';
import type { Caller } from '../principal';
import type { Oauth2Provider } from '../../model/provider/record';
import type { Oauth2ProviderStore } from '../provider/oauth2-provider';
import { isConfigured, notConfigured } from './configured-resources';
import { appearanceOf, findPortal, type ConsentPortalStore } from './consent-portal';
import type { ConsentPortal } from '../../model/records/consent-portal';
import { displayNameOf } from '../display-name';
import { signInDenial } from './portal-checks';
import { PortalRefusal } from './refusal';

/** How pages of a portal look. */
export interface PortalAppearance {
  readonly portalId: string;
  readonly name: string;
  readonly color?: string;
  readonly logo?: string;
  /** Name of the identity provider for people. */
  readonly signInProvider: string;
}

export interface ServedPortal {
  readonly portal: ConsentPortal;
  /** The principal on whose rights the portal acts. Its execution role gives it none. */
  readonly owner: Caller;
  readonly signInProvider: Oauth2Provider;
  readonly appearance: PortalAppearance;
}

export interface ServedPortalDependencies {
  readonly portals: Pick<ConsentPortalStore, 'get'>;
  readonly providers: Pick<Oauth2ProviderStore, 'get'>;
}

/** Returns the principal that owns the portal, as a caller. */
export const ownerOf = ({ owner, ownerId }: Pick<ConsentPortal, 'owner' | 'ownerId'>): Caller => ({
  arn: owner,
  ...(ownerId !== undefined && { id: ownerId }),
});

/**
 * Returns the portal's sign-in provider.
 *
 * @returns a text for the portal's owner, if it is missing, the owner is not authorized to use it, or it is another
 *   owner's and not the configured one
 */
export async function signInProviderOf(
  { providers }: Pick<ServedPortalDependencies, 'providers'>,
  portal: ConsentPortal,
): Promise<Oauth2Provider | string> {
  const { credentialProviderArn: arn } = portal.idpConfig;
  const provider = await providers.get(nameIn(arn));
  if (provider?.arn !== arn) return `The credential provider ${arn} does not exist.`;
  // The policy of a provider that is not part of the portal decides nothing.
  if (!isConfigured(portal, provider)) return notConfigured([provider]);
  return signInDenial(ownerOf(portal), portal, provider)?.message ?? provider;
}

/**
 * Returns the portal as it is now.
 *
 * @param annotate receives the portal and its owner
 * @throws PortalRefusal `no-such-portal`, `portal-unavailable`
 */
export async function servedPortal(
  deps: ServedPortalDependencies,
  portalId: string,
  annotate: Annotate,
): Promise<ServedPortal> {
  const portal = await findPortal(deps.portals, portalId);
  if (!portal) throw new PortalRefusal('no-such-portal', 'no such portal');
  annotate({ consentPortal: portal.arn, principal: portal.owner });
  if (portal.status !== 'ACTIVE') {
    throw new PortalRefusal('portal-unavailable', `the portal is ${portal.status}`);
  }
  const signInProvider = await signInProviderOf(deps, portal);
  if (typeof signInProvider === 'string') throw new PortalRefusal('portal-unavailable', signInProvider);
  return {
    portal,
    owner: ownerOf(portal),
    signInProvider,
    appearance: { ...appearanceOf(portal), signInProvider: displayNameOf(signInProvider) },
  };
}
