/**
 * The resources that a portal was configured with. A portal names them, and a name can be reused: after a deletion, another
 * principal can create a resource under the name, and allow the portal's owner to use it. So a resource of another owner is
 * part of the portal only with the ID that it had when the portal was configured.
 */
import { namedOf, type Named } from '../display-name';
import type { OwnedResource } from '../owned-resource';
import { isOwnedBy, type Owned } from '../ownership';

/** The members of a portal that name resources. */
export type ConfiguredMember = 'idpConfig' | 'sources' | 'connections';

/** IDs of the resources that each member named when it was configured. */
export type ConfiguredIds = Readonly<Record<ConfiguredMember, readonly string[]>>;

/** Returns whether the resource is the portal owner's, or the one that the member named when it was configured. */
export const isConfigured = (
  portal: Owned & { readonly configuredIds?: ConfiguredIds | undefined },
  member: ConfiguredMember,
  resource: Pick<OwnedResource, 'id' | 'owner' | 'ownerId'>,
): boolean =>
  isOwnedBy(resource, { arn: portal.owner, id: portal.ownerId }) ||
  (portal.configuredIds?.[member].includes(resource.id) ?? false);

/**
 * Returns the names that a person reads for a provider. Another principal that created it again under its name must not
 * choose the display name.
 *
 * @param meant the provider's name, and its ID if it is known
 * @param found the present provider of this name, if there is one
 */
export const namesOfProvider = (
  portal: Parameters<typeof isConfigured>[0],
  { name, id }: { readonly name: string; readonly id?: string | undefined },
  found: OwnedResource | undefined,
): Named =>
  found && (found.id === id || isConfigured(portal, 'connections', found))
    ? namedOf(found)
    : { name, displayName: name };

/** Returns why a resource that is not configured is not part of the portal, for the portal's owner. */
export const notConfigured = (arn: string, member: ConfiguredMember): string =>
  `${arn} belongs to another principal, and was created again after the portal was configured. To accept it, update the portal with ${member}.`;
