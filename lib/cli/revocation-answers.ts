/** What providers have said about access that was to end there. */
import { vendorOf } from '../../lambda/domain/provider/vendors';
import type { RevocationDescription } from '../../lambda/model/responses';
import type { VendorName } from '../../lambda/model/provider/vendor-names';
import { OPERATIONS } from '../../lambda/operations';
import { isVendor } from './commands/provider/provider';
import { allPages, type Service } from './service';
import type { UserFlags } from './user-flags';

export type RevokedGrant = RevocationDescription['grants'][number];

export const grantCount = (count: number): string => (count === 1 ? '1 grant' : `${count} grants`);

/** Returns the vendors of the OAuth 2.0 providers of all owners, by the name of the provider. */
export async function vendorsOfProviders(
  service: Pick<Service, 'call'>,
): Promise<ReadonlyMap<string, VendorName>> {
  const known = await allPages<{ readonly name: string; readonly credentialProviderVendor?: string }>(
    service,
    OPERATIONS.ListAllCredentialProviders,
    'credentialProviders',
  );
  return new Map(
    known.flatMap(({ name, credentialProviderVendor: vendor }) =>
      vendor !== undefined && isVendor(vendor) ? [[name, vendor]] : [],
    ),
  );
}

/** Returns whose access ends. The user is named as the person did. */
function accessOf({ userId, subject }: UserFlags, count: number): string {
  const user = userId ?? subject;
  const access = user === undefined ? 'the access' : `${user}'s access`;
  return count === 1 ? access : `${access} (${grantCount(count)})`;
}

function answerOf(
  { provider, state, lastError }: RevokedGrant,
  access: string,
  vendor: VendorName | undefined,
): string {
  const reason = lastError === undefined ? '' : ` (${lastError})`;
  switch (state) {
    case 'CONFIRMED': {
      // A provider that is unknown might be one of a vendor at which they do.
      const live = vendor === undefined || vendorOf(vendor).revocation.accessTokenLives === true;
      const until = live ? ' Access tokens can stay valid there until they expire.' : '';
      return `${provider} confirmed that ${access} ended.${until}`;
    }
    case 'UNCONFIRMED':
      return `${provider} did not confirm that ${access} ended${reason}.`;
    case 'NOT_PROVABLE':
      return lastError === 'accepted'
        ? `${provider} accepted the revocation of ${access}, without a proof that it ended.`
        : `There is no way to end ${access} at ${provider}${reason}: tokens can stay valid there until they expire.`;
    case 'PENDING':
      return `${provider} has not confirmed yet that ${access} ended.`;
  }
}

/**
 * Returns a line for each provider and answer.
 *
 * @param user whose access ends; empty if the person named no user
 */
export function answers(
  revoked: readonly RevokedGrant[],
  user: UserFlags,
  vendors: ReadonlyMap<string, VendorName>,
): string[] {
  const keyOf = ({ provider, state, lastError }: RevokedGrant): string =>
    JSON.stringify([provider, state, lastError]);
  const alike = new Map<string, { readonly grant: RevokedGrant; readonly count: number }>();
  for (const grant of revoked) {
    const key = keyOf(grant);
    alike.set(key, { grant, count: (alike.get(key)?.count ?? 0) + 1 });
  }
  return [...alike.values()].map(({ grant, count }) =>
    answerOf(grant, accessOf(user, count), vendors.get(grant.provider)),
  );
}
