/**
 * A client that AWS's own token names (`AWS_IAM_ID_TOKEN_JWT`): the token says whose provider it was made for, and so
 * speaks with its owner's name at whichever server it is sent to.
 */
import { accessDenied } from '../service-error';
import type { ClientAuthenticationMethod } from './vendor';

/** A change of a provider, as far as AWS's tokens are concerned. */
export interface WebIdentityChange {
  /** Whether the provider's owner makes it. */
  readonly byOwner: boolean;
  readonly before: ClientAuthenticationMethod;
  readonly after: ClientAuthenticationMethod;
}

/**
 * Only the owner can enable such tokens: another principal that is allowed to update the provider could use what the server
 * gives to a client with the owner's name.
 *
 * @throws AccessDeniedException
 */
export function checkWebIdentityChange(change: WebIdentityChange): void {
  const { byOwner, before, after } = change;
  if (byOwner || after !== 'AWS_IAM_ID_TOKEN_JWT') return;
  if (before === after) return;
  throw accessDenied(
    'Only the owner of the credential provider can configure AWS_IAM_ID_TOKEN_JWT.',
    'AWS_IAM_ID_TOKEN_JWT configured by another principal than the owner',
  );
}
