/**
 * Finds the user for a report that names an email address. An address belongs to the user whose token contained it last.
 * Only hashes are stored, and only for issuers whose `securityEvents` say so.
 *
 *     user token    remember the address ──▶ read the restriction of the address
 *     report        address unknown: restrict the address ──▶ is it known now? then restrict its user
 *
 * A report about an address without a user restricts the address itself, so that it applies to the first token of that
 * user. Each side writes before it reads, so one of the two finds what the other wrote.
 */
import { createExpiringCache } from '../expiring-cache';
import { isIssuerOf } from '../identity/discovery-url';
import type { TrustedIssuer } from '../identity/trusted-issuer';
import type { VerifiedUserToken } from '../identity/user';
import type { System } from '../system';
import { checkRestrictions, type RestrictionStore } from './restriction';

/** Stores the user of each address. Reads are strongly consistent. */
export interface UserEmailStore {
  /** Returns the user's hash; undefined for an address that no token contained. */
  userOf(emailHash: string): Promise<string | undefined>;
  put(emailHash: string, userHash: string): Promise<void>;
}

export interface UserEmailsDependencies {
  readonly userEmails: UserEmailStore;
  readonly restrictions: Pick<RestrictionStore, 'ofUser'>;
  /** The issuers that name users by email address. */
  readonly issuers: readonly Pick<TrustedIssuer, 'discoveryUrl'>[];
  readonly system: Pick<System, 'now'>;
}

export interface UserEmails {
  /**
   * Remembers the address of a verified user token.
   *
   * @param userHash of the token's user
   * @throws AccessDeniedException or UnauthorizedException if a report about the address applies to the token
   */
  check(
    token: Pick<VerifiedUserToken, 'user' | 'emailHash' | 'issuedAt' | 'sessionHash'>,
    userHash: string,
  ): Promise<void>;
}

/** For 10 minutes, an address is not read again. */
const KNOWN = { milliseconds: 600_000, maxEntries: 10_000 };

export function createUserEmails(deps: UserEmailsDependencies): UserEmails {
  const { userEmails, restrictions, issuers, system } = deps;
  const known = createExpiringCache<true>(KNOWN, system);
  return {
    async check({ user, emailHash, issuedAt, sessionHash }, userHash) {
      if (emailHash === undefined || !issuers.some((entry) => isIssuerOf(user.issuer, entry))) return;
      const slot = `${emailHash} ${userHash}`;
      if (known.get(slot)) return;
      if ((await userEmails.userOf(emailHash)) !== userHash) await userEmails.put(emailHash, userHash);
      const restriction = await restrictions.ofUser(emailHash);
      checkRestrictions({ agent: undefined, user: restriction }, { issuedAt, sessionHash });
      // While a report waits under the address, each token must be compared with it.
      if (!restriction) known.set(slot, true);
    },
  };
}
