/** Grants in the states that the contract of a grant store begins with. */
import type { Grant, GrantTokens, PendingConsent } from '../../lambda/model/records/grant';
import type { GrantId } from '../../lambda/model/grant-id';
import { BEGINNING } from '../domain/fake-system';
import type { Stores } from '../domain/in-memory-stores';
import { sampleDetails, sampleGrantId, sampleTokens } from '../domain/samples';
import { storeTokens } from '../domain/stored-grant';

export const PROVIDER = 'provider-id';
export const DETAILS = sampleDetails();
export const NOW = BEGINNING * 1000;
export const consentOf = (sessionHash: string): PendingConsent => ({
  sessionHash,
  expiresAt: BEGINNING + 600,
});
export const leaseOf = (holder: string, deadline = NOW + 15_000) => ({ holder, deadline });

/** Returns the writes with values for what a test does not name. */
export function grantSteps(stores: () => Stores) {
  const grants = () => stores().grants;
  const get = async (id: GrantId) => await grants().get(id);
  const openConsent = (
    id: GrantId,
    session: string,
    seen: Grant | undefined,
    forget = false,
    endsAt?: number,
  ) =>
    grants().openConsent(id, {
      providerId: PROVIDER,
      details: DETAILS,
      consent: consentOf(session),
      seen,
      forget,
      endsAt,
    });
  const putTokens = (id: GrantId, tokens: GrantTokens, epoch = 0) =>
    grants().putTokens(id, { providerId: PROVIDER, tokens, epoch });
  const takeLease = (id: GrantId, holder: string, seen: Grant | undefined, deadline?: number) =>
    grants().takeLease(id, {
      providerId: PROVIDER,
      details: DETAILS,
      seen,
      lease: leaseOf(holder, deadline),
    });

  /** A grant with tokens of the first generation. */
  async function granted() {
    const id = sampleGrantId();
    const tokens = sampleTokens();
    expect(await storeTokens(grants(), id, { providerId: PROVIDER, tokens })).toBe(true);
    return { id, tokens };
  }

  /** A grant with tokens and a lease. */
  async function leased(holder = 'winner') {
    const grant = await granted();
    expect(await takeLease(grant.id, holder, await get(grant.id))).toBe(true);
    return grant;
  }

  /** A grant whose tokens were dropped once: no tokens, in the second epoch. */
  async function forgotten() {
    const { id } = await granted();
    expect(await openConsent(id, 'first', await get(id), true)).toBe(true);
    return id;
  }

  return { grants, get, openConsent, putTokens, takeLease, granted, leased, forgotten };
}
