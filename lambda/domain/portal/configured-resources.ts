/**
 * The resources that a portal was configured with. A portal names them, and a name can be reused: after a deletion, another
 * principal can create a resource under the name, and allow the portal's owner to use it. So a resource of another owner is
 * part of the portal only with the ID that it had when the portal was first given its name.
 */
import { namedOf, type Named } from '../display-name';
import type { OwnedResource } from '../owned-resource';
import { isOwnedBy, type Owned } from '../ownership';
import type { ConfiguredIds, ConfiguredMember, ConsentPortal } from './consent-portal';

/** The resources that each member names now. */
export type NamedResources = Readonly<Record<ConfiguredMember, readonly OwnedResource[]>>;

/** Returns whether the resource is the portal owner's, or the one that the member named when it was configured. */
export const isConfigured = (
  portal: Owned & { readonly configuredIds?: ConfiguredIds | undefined },
  member: ConfiguredMember,
  resource: Pick<OwnedResource, 'id' | 'owner' | 'ownerId'>,
): boolean =>
  isOwnedBy(resource, { arn: portal.owner, id: portal.ownerId }) ||
  (portal.configuredIds?.[member].includes(resource.id) ?? false);

type Names = (portal: ConsentPortal, resource: OwnedResource) => boolean;

const NAMES: Readonly<Record<ConfiguredMember, Names>> = {
  idpConfig: ({ idpConfig }, { arn }) => idpConfig.credentialProviderArn === arn,
  sources: ({ sources }, { name }) => sources.some(({ identifier }) => identifier === name),
  connections: ({ connections }, { name }) =>
    connections.some(({ credentialProviderName }) => credentialProviderName === name),
};

const idsOf = (resources: readonly OwnedResource[]): readonly string[] => resources.map(({ id }) => id);

/** Returns the IDs of a new portal. */
export const configuredIdsOf = ({ idpConfig, sources, connections }: NamedResources): ConfiguredIds => ({
  idpConfig: idsOf(idpConfig),
  sources: idsOf(sources),
  connections: idsOf(connections),
});

/**
 * Returns the IDs after an update. A name that the portal had before is no decision about the resource that has it now:
 * stacks and the command repeat names that no one looked at.
 *
 * @param portal before the update
 */
export function configuredIdsAfter(portal: ConsentPortal, named: NamedResources): ConfiguredIds {
  const accepted = (member: ConfiguredMember) =>
    named[member].filter(
      (resource) => !NAMES[member](portal, resource) || isConfigured(portal, member, resource),
    );
  return configuredIdsOf({
    idpConfig: accepted('idpConfig'),
    sources: accepted('sources'),
    connections: accepted('connections'),
  });
}

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

const TO_ACCEPT: Readonly<Record<ConfiguredMember, string>> = {
  idpConfig: 'give the portal another sign-in provider in one update, and this one in the next',
  sources: 'remove it from sources in one update, and add it in the next',
  connections: 'remove it from connections in one update, and add it in the next',
};

/** Returns why a resource that is not configured is not part of the portal, for the portal's owner. */
export const notConfigured = (arn: string, member: ConfiguredMember): string =>
  `${arn} belongs to another principal, and was created again after the portal was configured. To accept it, ${TO_ACCEPT[member]}.`;
