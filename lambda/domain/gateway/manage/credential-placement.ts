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
  return configuration.credentialProviderType === 'API_KEY'
    ? placeOfApiKey(configuration.credentialProvider.apiKeyCredentialProvider)
    : { location: 'HEADER', name: AUTHORIZATION, prefix: 'Bearer' };
}

/** RFC 9110 section 5.5, without the octets that servers read in different ways. */
const FIELD_VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;

/** The members of a request that contain the credential. */
export interface PlacedCredential {
  /** The credential, which responses must not contain; undefined without one. */
  readonly secret: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [name: string, value: string])[];
}

export const NOT_PLACED: PlacedCredential = { secret: undefined, headers: {}, query: [] };

/**
 * Returns a credential in its place.
 *
 * @param secret the token or key
 * @throws InternalServerException for a key that is not printable ASCII, which no header can have
 */
export function placed({ location, name, prefix }: CredentialPlace, secret: string): PlacedCredential {
  const value = prefix === undefined ? secret : `${prefix} ${secret}`;
  if (location === 'QUERY_PARAMETER') return { secret, headers: {}, query: [[name, value]] };
  if (!FIELD_VALUE.test(value)) {
    throw new ServiceError(
      'InternalServerException',
      `The credential of this target cannot be sent in the header "${name}", because it is not printable ASCII. Ask the owner of the gateway to correct it.`,
      { detail: 'credential: not printable ASCII' },
    );
  }
  return { secret, headers: { [name.toLowerCase()]: value }, query: [] };
}
