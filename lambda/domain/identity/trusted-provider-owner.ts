/**
 * Which owners of credential providers a workload identity trusts with user tokens. An agent names a provider, and another
 * principal can reuse the name after a deletion, with a policy that allows the agent. So a user token goes to the server of
 * another owner's provider only if a tag of the workload identity names this owner. Only the owner of the workload identity
 * can change such a tag.
 *
 * No other flow sends a credential of the user or the agent to the provider's server. The server gets the provider's own
 * client authentication, and an actor token that it issued itself or that is for it alone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { OwnedResource } from '../../model/records/owned-resource';
import { haveSameOwner, isNamedBy, isOwnedBy } from '../ownership';
import type { Caller } from '../principal';
import { accessDenied } from '../service-error';

/**
 * Tag of a workload identity: the owner of credential providers that can receive user tokens, in the form of
 * {@link isNamedBy}. For several owners, the key is followed by `/` and any text.
 */
const TRUSTED_PROVIDER_OWNER_TAG = 'agent-identity:trusted-provider-owner';

type Tags = OwnedResource['tags'];
type Party = Pick<OwnedResource, 'arn' | 'owner' | 'ownerId' | 'tags'>;

const isTrustTag = (key: string): boolean =>
  key === TRUSTED_PROVIDER_OWNER_TAG || key.startsWith(`${TRUSTED_PROVIDER_OWNER_TAG}/`);

const trustIn = (tags: Tags): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => isTrustTag(key)));

/**
 * Checks that a user token can go to the server of a provider.
 *
 * @param caller the principal that requests the exchange
 * @throws AccessDeniedException unless both have one owner, or the workload identity trusts the provider's owner
 */
export function checkProviderOwnerTrust(
  identity: Party,
  provider: Pick<Party, 'arn' | 'owner' | 'ownerId'>,
  caller: Caller,
): void {
  if (haveSameOwner(identity, provider, caller)) return;
  if (Object.values(trustIn(identity.tags)).some((owner) => isNamedBy(owner, provider))) return;
  throw accessDenied(
    `${identity.arn} does not trust the owner of ${provider.arn} with user tokens. If user tokens should go to the authorization server of ${provider.owner}, the owner of the workload identity must add a tag to it with TagResource: ${TRUSTED_PROVIDER_OWNER_TAG} = ${provider.owner}.`,
    `the workload identity does not trust the owner of the credential provider (${provider.owner}) with user tokens`,
  );
}

/**
 * Checks that a change of tags does not change the trust, unless the caller is the owner.
 *
 * @param after the requested tags
 * @throws AccessDeniedException for another principal than the owner, if trust would change
 */
export function checkTrustChange(resource: Party, after: Tags, caller: Caller): void {
  if (isOwnedBy(resource, caller) || isDeepStrictEqual(trustIn(resource.tags), trustIn(after))) return;
  throw accessDenied(
    `Only the owner of a resource can change its tags ${TRUSTED_PROVIDER_OWNER_TAG} and ${TRUSTED_PROVIDER_OWNER_TAG}/…. Call as the owner, or leave these tags out.`,
    'trust in an owner of credential providers changed by another principal than the owner',
  );
}
