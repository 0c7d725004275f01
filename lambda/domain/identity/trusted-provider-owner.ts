/**
 * Which owners of credential providers a workload identity trusts with user tokens. An agent names a provider, and a
 * name that is free again can be another principal's tomorrow; that principal's policy can allow the agent. So a user
 * token goes to the server of another owner's provider only if a tag of the workload identity names this owner. Its
 * own owner alone changes such a tag.
 *
 * No other flow sends a credential of the user or the agent to the provider's server: it gets the provider's own
 * client authentication, and an actor token that it issued itself or that is for it alone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { OwnedResource } from '../owned-resource';
import { haveSameOwner, isNamedBy, isOwnedBy } from '../ownership';
import type { Caller } from '../principal';
import { accessDenied } from '../service-error';

/**
 * Tag of a workload identity: the owner of credential providers that may receive user tokens, as {@link isNamedBy}
 * reads it. For several owners, the key is followed by `/` and any text.
 */
const TRUSTED_PROVIDER_OWNER_TAG = 'agent-identity:trusted-provider-owner';

type Tags = OwnedResource['tags'];
type Party = Pick<OwnedResource, 'arn' | 'owner' | 'ownerId' | 'tags'>;

const isTrustTag = (key: string): boolean =>
  key === TRUSTED_PROVIDER_OWNER_TAG || key.startsWith(`${TRUSTED_PROVIDER_OWNER_TAG}/`);

const trustIn = (tags: Tags): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => isTrustTag(key)));

/**
 * @param caller who asks for the exchange
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
 * @param after the tags that the caller asks for
 * @throws AccessDeniedException for another principal than the owner, if trust would change
 */
export function checkTrustChange(resource: Party, after: Tags, caller: Caller): void {
  if (isOwnedBy(resource, caller) || isDeepStrictEqual(trustIn(resource.tags), trustIn(after))) return;
  throw accessDenied(
    `Only the owner of a resource can change its tags ${TRUSTED_PROVIDER_OWNER_TAG} and ${TRUSTED_PROVIDER_OWNER_TAG}/…. Call as the owner, or leave these tags out.`,
    'trust in an owner of credential providers changed by another principal than the owner',
  );
}
