/** The part of a target's requests that contains its credential. */
import type {
  ApiKeyTargetCredential,
  CredentialProviderConfiguration,
} from '../../../model/gateway/target-configuration';
import { ServiceError } from '../../service-error';

/** A header, or a parameter of the query. */
export interface CredentialPlace {
  readonly location: 'HEADER' | 'QUERY_PARAMETER';
  readonly name: string;
  /** Before the credential, with a space between them. Without it, the credential stands alone. */
  readonly prefix?: string | undefined;
}

const AUTHORIZATION = 'Authorization';

function placeOfApiKey({
  credentialLocation: location = 'HEADER',
  credentialParameterName,
  credentialPrefix,
}: ApiKeyTargetCredential): CredentialPlace {
  if (location === 'QUERY_PARAMETER') {
    return { location, name: credentialParameterName ?? 'api_key', prefix: credentialPrefix };
  }
  const name = credentialParameterName ?? AUTHORIZATION;
  const isBearer = name.toLowerCase() === AUTHORIZATION.toLowerCase();
  return { location, name, prefix: credentialPrefix ?? (isBearer ? 'Bearer' : undefined) };
}

/** Returns the place of a target's credential; undefined for a target without one. */
export function credentialPlace(
  configuration: CredentialProviderConfiguration | undefined,
): CredentialPlace | undefined {
  if (!configuration) return undefined;
  switch (configuration.credentialProviderType) {
    case 'API_KEY':
      return placeOfApiKey(configuration.credentialProvider.apiKeyCredentialProvider);
    case 'OAUTH':
    case 'JWT_PASSTHROUGH':
      return { location: 'HEADER', name: AUTHORIZATION, prefix: 'Bearer' };
    case 'GATEWAY_IAM_ROLE':
      return { location: 'HEADER', name: AUTHORIZATION };
  }
}

/** RFC 9110 section 5.5, without the octets that servers read in different ways. */
const FIELD_VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;

/** The members of a request that contain the credential. */
export interface PlacedCredential {
  /** Texts of the credential that responses must not contain. */
  readonly secrets: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [name: string, value: string])[];
}

export const NOT_PLACED: PlacedCredential = { secrets: [], headers: {}, query: [] };

/**
 * Returns a credential in its place.
 *
 * @param secret the token or key
 * @throws InternalServerException for a key that is not printable ASCII, which no header can have
 */
export function placed({ location, name, prefix }: CredentialPlace, secret: string): PlacedCredential {
  const value = prefix === undefined ? secret : `${prefix} ${secret}`;
  if (location === 'QUERY_PARAMETER') return { secrets: [secret], headers: {}, query: [[name, value]] };
  if (!FIELD_VALUE.test(value)) {
    throw new ServiceError(
      'InternalServerException',
      `The credential of this target cannot be sent in the header "${name}", because it is not printable ASCII. Ask the owner of the gateway to correct it.`,
      { detail: 'credential: not printable ASCII' },
    );
  }
  return { secrets: [secret], headers: { [name.toLowerCase()]: value }, query: [] };
}
