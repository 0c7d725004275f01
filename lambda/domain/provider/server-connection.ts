/** How requests reach the server of a credential provider or of a trusted issuer. */
import type { PrivateEndpoints } from '../../model/private-endpoint';
import type { PrivateAuthorities } from './private-authorities';

export interface ServerConnection {
  /** What the server's certificate must be issued by; absent for the public authorities. */
  readonly authorities?: PrivateAuthorities | undefined;
  /** Where connections to the server's hosts go; absent for the addresses of their names. */
  readonly endpoints?: PrivateEndpoints | undefined;
}
