/** How requests reach the server of a credential provider or of a trusted issuer. */
import type { PrivateEndpoints } from '../model/private-endpoint';
import { slotOfProvider, type PrivateAuthorities } from './private-authorities';

/** Empty for a public server. */
export interface ServerConnection {
  /** What the server's certificate must be issued by; absent for the public authorities. */
  readonly authorities?: PrivateAuthorities | undefined;
  /** Where connections to the server's hosts go; absent for the addresses of their names. */
  readonly endpoints?: PrivateEndpoints | undefined;
}

const slotOf = (authorities: PrivateAuthorities): string =>
  'certificates' in authorities ? authorities.certificates : slotOfProvider(authorities);

/**
 * Returns the cache key for what was fetched from a server: what was fetched on the word of one provider's authorities is
 * for this provider only, and on the word of stated authorities, for those who state the same. The same is true of where the
 * connection went.
 */
export const connectionSlot = (url: string, { authorities, endpoints }: ServerConnection): string =>
  JSON.stringify([url, authorities && slotOf(authorities), endpoints]);
