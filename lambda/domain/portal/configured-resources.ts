/**
 * The resources that a portal was configured with. A portal names them, and a name can be reused: after a deletion, another
 * principal can create a resource under the name, and allow the portal's owner to use it. So a resource of another owner is
 * part of the portal only with the ID that it had when the portal was first given its name, or that the owner accepted later.
 */
import { arnParts } from '../../model/arn';
import { namedOf, type Named } from '../display-name';
import type { OwnedResource } from '../../model/records/owned-resource';
import { isOwnedBy, type Owned } from '../ownership';
import { MAX_REASON } from './consent-portal';
import type { ConfiguredResources, ConsentPortal } from '../../model/records/consent-portal';

type Configured = Owned & Pick<ConsentPortal, 'resources'>;

type Resource = Pick<OwnedResource, 'arn' | 'id' | 'owner' | 'ownerId'>;

const idIn = (resources: ConfiguredResources, arn: string): string | undefined =>
  resources.find((each) => each.arn === arn)?.id;

/** Returns whether the resource is the portal owner's, or the one that the portal was configured with. */
export const isConfigured = (portal: Configured, resource: Resource): boolean =>
  isOwnedBy(resource, { arn: portal.owner, id: portal.ownerId }) ||
  idIn(portal.resources, resource.arn) === resource.id;

/** Returns whether the portal names, or named before, a resource of each ARN, which its owner could use then. */
export const remembers = (
  { resources }: Pick<ConsentPortal, 'resources'>,
  ...arns: readonly string[]
): boolean => arns.every((arn) => idIn(resources, arn) !== undefined);

/** Resources that a portal remembers. It names at most 71 of them at a time, and only its owner can name others. */
const MAX_REMEMBERED = 200;

/** Returns whether the portal names the resource. */
const names = ({ idpConfig, sources, connections }: ConsentPortal, { arn, name }: OwnedResource): boolean =>
  arn === idpConfig.credentialProviderArn ||
  (arn.includes('/workload-identity/')
    ? sources.some(({ identifier }) => identifier === name)
    : connections.some(({ credentialProviderName }) => credentialProviderName === name));

/** In place of the ID of a left-out resource that the portal has not stored. No resource has this ID. */
const NONE = '';

/** Returns whether the portal knows the name of the resource, which is another one than the portal was configured with. */
export const isLeftOut = (portal: ConsentPortal, resource: OwnedResource): boolean =>
  !isConfigured(portal, resource) &&
  (idIn(portal.resources, resource.arn) !== undefined || names(portal, resource));

/**
 * Returns whether a resource is still left out after an update.
 *
 * @param portal before the update
 * @param acceptedIds of resources that were created again
 */
export const leftOutAfter =
  (portal: ConsentPortal, acceptedIds: readonly string[] = []) =>
  (resource: OwnedResource): boolean =>
    isLeftOut(portal, resource) && !acceptedIds.includes(resource.id);

/**
 * Returns the resources after an update. A name that the portal ever had is no decision about the resource that has it now,
 * even if the portal was without it for a time: a stack repeats all that its template has, and a rollback all that it had.
 *
 * @param portal before the update
 * @param named the resources that it names after the update
 * @param staysLeftOut whether a resource is no part of the portal after the update
 */
export function resourcesAfter(
  portal: ConsentPortal,
  named: readonly OwnedResource[],
  staysLeftOut: (resource: OwnedResource) => boolean,
): { readonly resources: ConfiguredResources; readonly accepted: ConfiguredResources } {
  const { resources: before } = portal;
  const accepted = named.filter((resource) => isLeftOut(portal, resource) && !staysLeftOut(resource));
  const present = named.map((resource) => {
    const { arn, id } = resource;
    return { arn, id: staysLeftOut(resource) ? (idIn(before, arn) ?? NONE) : id };
  });
  const others = before.filter(({ arn }) => idIn(present, arn) === undefined);
  return {
    resources: [...others, ...present].slice(-MAX_REMEMBERED),
    accepted: accepted.map(({ arn, id }) => ({ arn, id })),
  };
}

/**
 * Returns the names that a person reads for a provider. Another principal that created it again under its name must not
 * choose the display name.
 *
 * @param meant the provider's name, and its ID if it is known
 * @param found the present provider of this name, if there is one
 */
export const namesOfProvider = (
  portal: Configured,
  { name, id }: { readonly name: string; readonly id?: string | undefined },
  found: OwnedResource | undefined,
): Named =>
  found && (found.id === id || isConfigured(portal, found)) ? namedOf(found) : { name, displayName: name };

/** A resource that is not part of the portal, and who owns it now. */
export type LeftOut = Pick<OwnedResource, 'arn' | 'id' | 'owner'>;

/** Returns the owner's ARN if it is one word; otherwise only its account, because another account chose the path. */
const ownerForReason = (owner: string): string =>
  /^[\w+=.@/:-]{1,200}$/.test(owner) ? owner : `a principal of account ${arnParts(owner).account}`;

/**
 * Returns why resources that are not configured are not part of the portal, for the portal's owner. It counts the resources
 * for which there is no room, and never cuts an ID.
 *
 * @param room characters
 */
export function notConfigured(leftOut: readonly LeftOut[], room = MAX_REASON): string {
  const texts = leftOut.map(({ arn, id, owner }) => `${arn} of ${ownerForReason(owner)} (ID ${id})`);
  const reason = (count: number) => {
    const further = texts.length - count;
    const all = [...texts.slice(0, count), ...(further > 0 ? [`${further} more`] : [])].join(', ');
    return `Left out, because another owner created it again or got it after the portal was configured: ${all}. If it is the right one, and its owner allows you to use it, update the portal with its ID in acceptedResourceIds (in the command, --accept).`;
  };
  let count = texts.length;
  while (count > 0 && reason(count).length > room) count -= 1;
  return reason(count);
}
