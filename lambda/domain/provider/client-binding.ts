/** The vendor, the client, and the server of a provider, to which its secrets and its grants belong. */
import { accessDenied } from '../service-error';

/**
 * An update of the owner can keep the present server and client, and give only a new secret. So if another principal that is
 * allowed to update the provider could change them, the owner's next secret would go to the server of that principal, and
 * the users' tokens of an on-behalf-of exchange.
 *
 * @param byOwner whether the provider's owner makes the update
 * @param isKept whether the vendor, the client, and the server stay
 * @throws AccessDeniedException
 */
export function checkBindingByOwner(byOwner: boolean, isKept: boolean): void {
  if (byOwner || isKept) return;
  throw accessDenied(
    'Only the owner of the credential provider can change its vendor, client, or authorization server.',
    'vendor, client, or server changed by another principal than the owner',
  );
}
