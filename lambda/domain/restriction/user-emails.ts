/**
 * Finds the users for a report that names an email address: every user whose token contained it. Only hashes are stored, and
 * only for issuers whose `securityEvents` say so.
 *
 *     user token    remember the address ──▶ read the restriction of the address
 *     report        restrict the address ──▶ read its users, and restrict them
 *
 * The report restricts the address too, for users without a token yet. Each side writes before it reads, so one of the two
 * finds what the other wrote.
 */
import { createExpiringCache } from '../expiring-cache';
import { isIssuerOf } from '../../model/discovery-url';
import type { TrustedIssuer } from '../identity/trusted-issuer';
import type { VerifiedUserToken } from '../identity/user-token';
import type { System } from '../system';
import { checkRestrictions, type RestrictionStore } from './restriction';

/** Stores the users of each address, and never removes one. Reads are strongly consistent. */
export interface UserEmailStore {
  usersOf(emailHash: string): Promise<readonly string[]>;
  has(emailHash: string, userHash: string): Promise<boolean>;
  add(emailHash: string, userHash: string): Promise<void>;
}

export interface UserEmailsDependencies {
  readonly userEmails: Pick<UserEmailStore, 'has' | 'add'>;
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

/** For 10 minutes, the address of a user is not read again. */
const KNOWN = { milliseconds: 600_000, maxEntries: 10_000 };

export function createUserEmails(deps: UserEmailsDependencies): UserEmails {
  const { userEmails, restrictions, issuers, system } = deps;
  const known = createExpiringCache<true>(KNOWN, system);
  return {
    async check({ user, emailHash, issuedAt, sessionHash }, userHash) {
      if (emailHash === undefined || !issuers.some((entry) => isIssuerOf(user.issuer, entry))) return;
      const slot = `${emailHash} ${userHash}`;
      if (known.get(slot)) return;
      if (!(await userEmails.has(emailHash, userHash))) await userEmails.add(emailHash, userHash);
      const ofAddress = await restrictions.ofUser(emailHash);
      if (!ofAddress) {
        // From now on, each report finds this user.
        known.set(slot, true);
        return;
      }
      const own = (await restrictions.ofUser(userHash))?.accountAtIssuer;
      const reported = ofAddress.accountAtIssuer;
      // A newer report about the user, or an operator who overrode the issuer, lifts that of the address.
      const isAbout = own?.emailHash === undefined || own.emailHash === emailHash;
      const isLifted = own && reported && isAbout && own.eventTime > reported.eventTime;
      const accountAtIssuer = isLifted ? own : reported;
      checkRestrictions(
        { agent: undefined, user: { ...ofAddress, accountAtIssuer } },
        { issuedAt, sessionHash },
      );
    },
  };
}
