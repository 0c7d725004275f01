/** The client that the service provides for a provider of a protected resource without a client of its owner. */
import type { Registration } from '../../model/provider/record';
import type { ClientAuthenticationMethod, ClientRegistration } from '../../model/provider/client';
import { usesSecret } from './vendor';

/** Name that authorization servers show to users. */
export const CLIENT_NAME = 'agent-identity';

/** Whether a client ID metadata document of this service describes the client. */
export const isMetadataDocument = ({
  registration,
}: {
  readonly registration?: Registration | undefined;
}): boolean => registration?.metadataDocument !== undefined;

/** Returns how the service obtained the client; undefined for a client of the owner. */
export const clientRegistrationOf = (provider: {
  readonly registration?: Registration | undefined;
}): ClientRegistration | undefined =>
  provider.registration && (isMetadataDocument(provider) ? 'METADATA_DOCUMENT' : 'DYNAMIC');

/** Returns whether the authorization server registered the client and assigned it a secret. */
export const hasAssignedSecret = (
  provider: Parameters<typeof clientRegistrationOf>[0] & {
    readonly clientAuthenticationMethod: ClientAuthenticationMethod;
  },
): boolean => clientRegistrationOf(provider) === 'DYNAMIC' && usesSecret(provider.clientAuthenticationMethod);
