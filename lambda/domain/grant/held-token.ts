/** A stored token, handed out while it is good and renewed when it must be; the same for every flow. */
import { epochSeconds } from '../system';
import { ServiceError, type Outcome } from '../service-error';
import { inSoftWindow, scopesHeld, type Grant } from './grant';
import { markRejected } from './rejected-token';
import {
  CONSENT_NEEDED,
  usableTokens,
  renewTokens,
  type RenewalDependencies,
  type TokenSource,
} from './renewal';
import { renewSoon, type DispatchDependencies, type RenewalRequest } from './renewal-ahead';
import type { RequestOwner } from './token-sources';
import { openTokens } from './tokens';

/** A token for the caller, and how it was come by. */
export interface ReturnedToken {
  readonly output: {
    readonly accessToken: string;
    /** What the provider granted; only where that is less than what was asked. */
    readonly grantedScopes?: readonly string[];
  };
  readonly outcome: Outcome;
}

/**
 * Asks again, about the scopes that a token really has: a provider may grant more than was asked for. They are noted
 * for the audit entry, whether or not the token is returned.
 *
 * @param granted what the provider granted
 * @param held also what was asked for, and may have been granted without being named
 * @throws AccessDeniedException when the policy that let the request in does not let this token out
 */
export type GrantedScopesCheck = (granted: readonly string[], held?: readonly string[]) => void;

export interface Holding {
  readonly owner: RequestOwner;
  readonly grant: Grant | undefined;
  /** The scopes asked for now. */
  readonly scopes: readonly string[];
  readonly source: TokenSource;
  readonly checkGrantedScopes: GrantedScopesCheck;
  /** How a token that this source gives is come by. */
  readonly renewedAs: 'refreshed' | 'exchanged';
  /** How to hand a renewal on; absent for a source that is at hand only now. */
  readonly ahead?: Omit<RenewalRequest, 'holder' | 'grantId'>;
}

/** A narrower grant than asked is told, not asked for again: the provider has decided (RFC 6749 section 3.3). */
function handOut(
  accessToken: string,
  granted: readonly string[],
  asked: readonly string[],
  outcome: Outcome,
): ReturnedToken {
  return asked.every((scope) => granted.includes(scope))
    ? { output: { accessToken }, outcome }
    : { output: { accessToken, grantedScopes: granted }, outcome: 'scope-gap' };
}

/**
 * @returns undefined when the provider has refused for good and the user must consent again
 * @throws ProviderFailure; ThrottlingException where asking again shortly will help; AccessDeniedException for a token
 *   whose scopes the provider's policy does not let out
 */
export async function heldToken(
  deps: RenewalDependencies & DispatchDependencies,
  { owner, grant, scopes, source, checkGrantedScopes, renewedAs, ahead }: Holding,
): Promise<ReturnedToken | undefined> {
  const now = epochSeconds(deps.system);
  const tokens = usableTokens(grant, owner, now);
  if (grant && tokens) {
    if (ahead && inSoftWindow(tokens, now)) await renewSoon(deps, owner, grant, ahead);
    checkGrantedScopes(tokens.scopes, scopesHeld(tokens));
    const { accessToken } = await openTokens(deps.seal, owner, tokens);
    return handOut(accessToken, tokens.scopes, scopes, 'cached');
  }
  const fresh = await renewTokens(deps, { owner, source, seen: grant });
  if (fresh === CONSENT_NEEDED) return undefined;
  checkGrantedScopes(fresh.scopes, fresh.held);
  return handOut(fresh.accessToken, fresh.scopes, scopes, renewedAs);
}

/**
 * The same for a token that nobody consents to: what it is exchanged for is at hand.
 *
 * @param force there is nobody to authenticate anew: the old token counts as ended, and is never handed out again
 * @throws ProviderFailure; ThrottlingException where asking again shortly will help, or will say what is gone
 */
export async function exchangedToken(
  deps: RenewalDependencies & DispatchDependencies,
  { force, ...holding }: Omit<Holding, 'renewedAs'> & { readonly force: boolean },
): Promise<ReturnedToken> {
  const { owner, grant } = holding;
  const held = force ? await markRejected(deps, owner, grant) : grant;
  const answer = await heldToken(deps, { ...holding, grant: held, renewedAs: 'exchanged' });
  if (answer) return answer;
  // The grant went while it was renewed, because its time was over.
  throw new ServiceError('ThrottlingException', 'The token was forgotten meanwhile. Try again.');
}
