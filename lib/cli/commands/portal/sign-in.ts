/** Which consent portals sign users in with a credential provider. */
import { nameInArn } from '../../../../lambda/model/arn';
import { ServiceFailure } from '../../failure';
import type { Service } from '../../service';
import { getPortal, listPortals, type Portal } from './portals';

/** Returns the caller's portals, with their sign-ins. */
export async function describedPortals(service: Pick<Service, 'call'>): Promise<Portal[]> {
  const portals: Portal[] = [];
  for (const { consentPortalId } of await listPortals(service)) {
    portals.push(await getPortal(service, consentPortalId));
  }
  return portals;
}

/** Returns the name of the portal's sign-in provider. No two owners have a provider of the same name. */
export const signInOf = ({ idpConfig }: Pick<Portal, 'idpConfig'>): string =>
  nameInArn(idpConfig.credentialProviderArn) ?? idpConfig.credentialProviderArn;

/** Returns the names of the caller's portals with this sign-in provider; none if the caller is not allowed to list portals. */
export async function portalsWithSignIn(service: Pick<Service, 'call'>, provider: string): Promise<string[]> {
  try {
    const portals = await describedPortals(service);
    return portals.filter((portal) => signInOf(portal) === provider).map(({ name }) => name);
  } catch (error) {
    if (error instanceof ServiceFailure) return [];
    throw error;
  }
}
