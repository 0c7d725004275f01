/**
 * The resources that a portal was configured with. A portal names them, and a name can be reused: after a deletion, another
 * principal can create a resource under the name, and allow the portal's owner to use it. So a resource of another owner is
 * part of the portal only with the ID that it had when the portal was first given its name, or that the owner accepted later.
 */
import { namedOf, type Named } from '../display-name';
import type { OwnedResource } from '../owned-resource';
import { isOwnedBy, type Owned } from '../ownership';
import type { ResourceIds } from './consent-portal';

type Configured = Owned & { readonly resourceIds?: ResourceIds | undefined };

type Resource = Pick<OwnedResource, 'arn' | 'id' | 'owner' | 'ownerId'>;

/** Returns whether the resource is the portal owner's, or the one that the portal was configured with. */
export const isConfigured = (portal: Configured, resource: Resource): boolean =>
  isOwnedBy(resource, { arn: portal.owner, id: portal.ownerId }) ||
  portal.resourceIds?.[resource.arn] === resource.id;

/** Resources that a portal remembers. It names at most 71 of them at a time, and only its owner can name others. */
const MAX_REMEMBERED = 200;

/**
 * Returns the IDs after a change. A name that the portal ever had is no decision about the resource that has it now, also if
 * the portal was without it for a time: a stack repeats all that its template has, and a rollback all that it had.
 *
 * @param portal before the change
 * @param named the resources that it names after the change
 * @param acceptedIds of resources that were created again
 */
export function resourceIdsAfter(
  portal: Configured,
  named: readonly Resource[],
  acceptedIds: readonly string[] = [],
): ResourceIds {
  const { resourceIds: before = {} } = portal;
  const present = new Map(
    named.map((resource) => {
      const { arn, id } = resource;
      const former = before[arn];
      const isAccepted = former === undefined || isConfigured(portal, resource) || acceptedIds.includes(id);
      return [arn, isAccepted ? id : former];
    }),
  );
  const others = Object.entries(before).filter(([arn]) => !present.has(arn));
  return Object.fromEntries([...others, ...present].slice(-MAX_REMEMBERED));
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

/** Returns why a resource that is not configured is not part of the portal, for the portal's owner. */
export const notConfigured = ({ arn, id }: Pick<OwnedResource, 'arn' | 'id'>): string =>
  `${arn} belongs to another principal, and was created again after the portal was configured. Find out who created it. To accept it, update the portal with its ID, ${id}, in acceptedResourceIds (in the command, --accept).`;
