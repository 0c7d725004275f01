/** What a configuration names in other services of AWS: a client secret, and certificates of private authorities. */
import type { Caller } from '../principal';
import { ownedBy } from '../ownership';
import type { ExternalSecret } from '../sealing/external-secret';
import {
  nameCertificates,
  type CertificateConfiguration,
  type CertificateMembers,
  type CertificateNamingDependencies,
} from './certificate-configuration';
import { nameExternalSecret, type SecretNamingDependencies } from './provider-secret';
import {
  clientSecretMembers,
  CONFIG_INPUT,
  type Oauth2ProviderConfig,
  type ResolvedConfig,
} from './vendor-config';
import type { VendorName } from './vendors';

/** Name of the member, for messages. */
export const CERTIFICATES_MEMBER = `${CONFIG_INPUT}.customOauth2ProviderConfig.certificateConfigurations`;

export const certificatesIn = ({
  customOauth2ProviderConfig: custom,
}: Oauth2ProviderConfig): readonly CertificateConfiguration[] | undefined =>
  custom?.certificateConfigurations;

/** What a new provider names in other services of AWS. */
export interface References extends CertificateMembers {
  readonly externalSecret?: ExternalSecret | undefined;
}

/**
 * Returns what a new provider names, before a server is asked for anything: a mistake there leaves no client behind.
 *
 * @throws ValidationException
 */
export async function namedReferences(
  deps: SecretNamingDependencies & CertificateNamingDependencies,
  principal: Caller,
  { vendor, config }: { readonly vendor: VendorName; readonly config: Oauth2ProviderConfig },
  { secret }: ResolvedConfig,
): Promise<References> {
  const naming = { byOwner: true, ...ownedBy(principal) };
  const certificates = await nameCertificates(deps, naming, CERTIFICATES_MEMBER, certificatesIn(config));
  if (secret.kind !== 'external') return certificates;
  const { reference } = clientSecretMembers(vendor);
  return {
    ...certificates,
    externalSecret: await nameExternalSecret(deps, naming, reference, secret.reference),
  };
}
