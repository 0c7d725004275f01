/** What else a revocation at a provider ends. */
import type { RevocationReach } from '../../model/records/revocation-outbox';

/**
 * What a revocation can achieve: `provable`, if the service can find out that the tokens are revoked; `not-provable`,
 * if the provider only accepts a request; `none`, if it has no way to revoke these tokens.
 */
export type RevocationProspect = 'provable' | 'not-provable' | 'none';

/** Reaches that other agents, and other users, can have their tokens in. */
const BEYOND_THE_GRANT: readonly RevocationReach[] = ['user-and-client', 'user-and-project', 'installation'];

/** Returns whether a revocation with this reach can end tokens of other grants. */
export const endsOtherGrants = (reach: RevocationReach): boolean => BEYOND_THE_GRANT.includes(reach);

const BY_WIDTH: readonly RevocationReach[] = ['none', 'token', 'grant', ...BEYOND_THE_GRANT];

/** Returns the wider of two reaches; the other one if one is undefined. */
export function wider(
  one: RevocationReach | undefined,
  other: RevocationReach | undefined,
): RevocationReach | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return BY_WIDTH.indexOf(one) < BY_WIDTH.indexOf(other) ? other : one;
}

/** What else ends, for people who are about to revoke. */
const ALSO_ENDS: Readonly<Record<RevocationReach, string>> = {
  token: 'Revoking ends this access only.',
  grant: 'Revoking ends all tokens of this consent.',
  'user-and-client':
    'Revoking can end all tokens of this user for the OAuth client: other agents that use the client lose their access too.',
  'user-and-project':
    'Revoking ends all tokens of this user for all OAuth clients of the project: other agents that use them lose their access too.',
  installation:
    'Revoking ends tokens that all users of the workspace or account share: other users and agents lose their access too.',
  none: 'The provider has no way to revoke tokens: they stay valid there until they expire.',
};

/** Returns a sentence about what else a revocation with this reach ends. */
export const alsoEnds = (reach: RevocationReach): string => ALSO_ENDS[reach];
