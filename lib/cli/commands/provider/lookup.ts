/** Finds a credential provider of the caller by name. The two kinds of providers have separate names. */
import { OPERATIONS } from '../../../../lambda/contract/operations';
import type { ConnectionFlags } from '../../connection-flags';
import { ServiceFailure, usageError } from '../../failure';
import { getProvider, type Oauth2Provider } from './provider';
import type { Service } from '../../service';

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
async function orUndefined<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof ServiceFailure && error.type === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

/**
 * Returns the provider, of either kind unless the option `--kind` names one.
 *
 * @throws CliError if there is none, or one of each kind
 */
export async function findProvider(
  service: Service,
  name: string,
  kind: Kind | undefined,
): Promise<FoundProvider> {
  const found: FoundProvider[] = [];
  if (kind !== 'api-key') {
    const provider = await orUndefined(getProvider(service, name));
    if (provider) found.push({ kind: 'oauth2', provider });
  }
  if (kind !== 'oauth2') {
    const provider = await orUndefined(
      service.call<ApiKeyProvider>(OPERATIONS.GetApiKeyCredentialProvider, { name }),
    );
    if (provider) found.push({ kind: 'api-key', provider });
  }
  const [first, second] = found;
  if (!first) {
    const what = kind === undefined ? 'credential provider' : KIND_NAMES[kind];
    throw new ServiceFailure('ResourceNotFoundException', 404, {
      fault: `There is no ${what} named "${name}".`,
      next: 'Run agent-identity provider list for the names.',
    });
  }
  if (second) {
    throw usageError(
      `There are two credential providers named "${name}": one of OAuth 2.0, and one of an API key.`,
      'Set --kind oauth2 or --kind api-key.',
    );
  }
  return first;
}
