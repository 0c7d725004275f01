/** The client that the service provides for a provider of a protected resource without a client of its owner. */
import type { SealedManagement } from './client-deletion';
import type { PublishedKey } from './published-key';
import { usesSecret, type ClientAuthenticationMethod } from './vendor';

/** How the service provides a client: by a client ID metadata document, or by dynamic registration (RFC 7591). */
export const CLIENT_REGISTRATIONS = ['METADATA_DOCUMENT', 'DYNAMIC'] as const;
export type ClientRegistration = (typeof CLIENT_REGISTRATIONS)[number];

/** Members of a configuration that can prevent the service from providing a client. */
export type RegistrationMember = 'clientId' | 'clientRegistration' | 'initialAccessToken';

/** Name that authorization servers show to users. */
export const CLIENT_NAME = 'agent-identity';

/** What of a metadata document depends on the authorization server. */
export interface ClientMetadata {
  /** Whether the server knows the grant type `refresh_token`. */
  readonly refreshes: boolean;
  /** Present if the client authenticates by `private_key_jwt`, and absent for a public client. */
  readonly publishedKey?: PublishedKey | undefined;
}

/** What a provider stores of a client that the service provides. */
export interface Registration {
  /** Absent if the server does not let clients delete themselves. */
  readonly management?: SealedManagement | undefined;
  /** Present if a document describes the client. */
  readonly metadataDocument?: ClientMetadata | undefined;
}

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
