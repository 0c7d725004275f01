/** Finds a credential provider by name. The two kinds of providers have separate names. */
import { OPERATIONS } from '../../../../lambda/operations';
import type { ConnectionFlags } from '../../connection-flags';
import { ServiceFailure, usageError, type CliError } from '../../failure';
import { notFound } from '../../not-found';
import { getProvider, type Oauth2Provider } from './provider';
import { allPages, type Service } from '../../service';

export const KINDS = ['oauth2', 'api-key'] as const;

export type Kind = (typeof KINDS)[number];

export const KIND_NAMES: Readonly<Record<Kind, string>> = {
  oauth2: 'OAuth 2.0 credential provider',
  'api-key': 'API key credential provider',
};

export const KIND_FLAG = {
  kind: 'enum',
  values: KINDS,
  optional: true,
  brief: 'Kind of the provider, if there is one of each kind with this name',
} as const;

export const PROVIDER_NAME = {
  brief: 'Name of the credential provider',
  parse: String,
  placeholder: 'name',
} as const;

export interface KindFlags extends ConnectionFlags {
  readonly kind?: Kind;
}

export interface ApiKeyProvider {
  readonly name: string;
  readonly credentialProviderArn: string;
  readonly apiKeySecretSource?: string;
  readonly createdTime?: number;
  readonly lastUpdatedTime?: number;
}

export type FoundProvider =
  | { readonly kind: 'oauth2'; readonly provider: Oauth2Provider }
  | { readonly kind: 'api-key'; readonly provider: ApiKeyProvider };

/** Returns undefined if there is no such resource. */
export async function orUndefined<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof ServiceFailure && error.type === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

async function getOfKind(service: Service, name: string, kind: Kind): Promise<FoundProvider | undefined> {
  if (kind === 'oauth2') {
    const provider = await orUndefined(getProvider(service, name));
    return provider && { kind, provider };
  }
  const provider = await orUndefined(
    service.call<ApiKeyProvider>(OPERATIONS.GetApiKeyCredentialProvider, { name }),
  );
  return provider && { kind, provider };
}

/** Returns the error of a command for OAuth 2.0 providers that names one of an API key. */
export const apiKeyProviderError = (name: string): CliError =>
  usageError(
    `"${name}" is an API key credential provider: it has no OAuth 2.0 server.`,
    'Agents read the key with GetResourceApiKey.',
  );

const LISTINGS = {
  oauth2: OPERATIONS.ListOauth2CredentialProviders,
  'api-key': OPERATIONS.ListApiKeyCredentialProviders,
} as const;

const namesOf = async (service: Service, kind: Kind): Promise<string[]> =>
  (await allPages<{ name: string }>(service, LISTINGS[kind], 'credentialProviders')).map(({ name }) => name);

export const isListed = async (service: Service, name: string, kind: Kind): Promise<boolean> =>
  (await namesOf(service, kind)).includes(name);

/**
 * Returns the kinds in the order in which to look for a provider whose kind nothing states. A request for a provider that
 * does not exist is a denied one in the audit log, so the listings of the caller say which kind the name has.
 *
 * @throws CliError if the caller has a provider of each kind with this name
 */
async function kindsByListing(service: Service, name: string): Promise<readonly Kind[]> {
  if (!(await isListed(service, name, 'api-key'))) return KINDS;
  if (!(await isListed(service, name, 'oauth2'))) return ['api-key'];
  throw usageError(
    `There are two credential providers named "${name}": one of OAuth 2.0, and one of an API key.`,
    'Set --kind oauth2 or --kind api-key.',
  );
}

/**
 * Returns the provider, of either kind unless the option `--kind` names one. A provider of another owner can be found, too.
 *
 * @param likely kind that the rest of the command is about: the other kind is requested only if no provider of this kind exists
 * @throws CliError if there is none, or if the caller has one of each kind and nothing says which one is meant
 */
export async function findProvider(
  service: Service,
  name: string,
  { kind, likely }: { readonly kind?: Kind | undefined; readonly likely?: 'oauth2' | undefined },
): Promise<FoundProvider> {
  const kinds = kind ? [kind] : likely ? KINDS : await kindsByListing(service, name);
  for (const each of kinds) {
    const found = await getOfKind(service, name, each);
    if (found) return found;
  }
  const what = kind === undefined ? 'credential provider' : KIND_NAMES[kind];
  const names = await Promise.all(kinds.map((each) => namesOf(service, each))).catch(() => []);
  throw notFound(`There is no ${what} named`, name, { names: names.flat(), list: 'provider list' });
}
