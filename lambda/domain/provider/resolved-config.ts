/** The OAuth client of a credential provider, between the request that states it and the record that holds it. */
import type { Complete } from '../../model/of';
import type { CertificateMembers, ConfiguredProvider } from '../../model/provider/record';
import type { GivenSecret } from './provider-secret';

/** The OAuth client as it is kept, and what was said of its secret, which is not. */
export interface ResolvedConfig extends Complete<
  Omit<ConfiguredProvider, 'externalSecret' | 'registration' | keyof CertificateMembers>
> {
  readonly secret: GivenSecret;
}

/** The client as it is configured now, at an update. */
export type PresentClient = Pick<
  ConfiguredProvider,
  'clientId' | 'clientAuthenticationMethod' | 'discovery' | 'privateKeyJwt' | 'registration'
>;
