/** The options of the credential that a gateway attaches to the requests to a target. */
import type { RequestedCredential } from '../../../../../lambda/model/gateway/gateway-request';
import { optionalText, optionalTexts } from '../../../connection-flags';
import { usageError } from '../../../failure';
import type { OptionNames } from '../../../option-names';
import type { Service } from '../../../service';
import { findProvider, type Kind } from '../../provider/lookup';

const GRANT_TYPES = {
  'authorization-code': 'AUTHORIZATION_CODE',
  'client-credentials': 'CLIENT_CREDENTIALS',
  'token-exchange': 'TOKEN_EXCHANGE',
} as const;

type GrantTypeName = keyof typeof GRANT_TYPES;

export interface CredentialFlags {
  readonly provider?: string;
  readonly scope?: readonly string[];
  readonly grantType?: GrantTypeName;
  readonly returnUrl?: string;
  readonly apiKeyProvider?: string;
  readonly header?: string;
  readonly prefix?: string;
  readonly queryParameter?: string;
}

export const CREDENTIAL_FLAGS = {
  provider: optionalText(
    'name',
    'OAuth 2.0 credential provider whose access token the gateway attaches, or its ARN',
  ),
  scope: optionalTexts('scope', 'Scope of the access token; set the option again for each further scope'),
  grantType: {
    kind: 'enum',
    values: Object.keys(GRANT_TYPES) as GrantTypeName[],
    optional: true,
    brief:
      'How the gateway gets the access token: with the consent of the user, for the agent itself (default), or for the user token',
  },
  returnUrl: optionalText(
    'URL',
    'URL to which the browser returns after a consent, unless the agent sends one',
  ),
  apiKeyProvider: optionalText(
    'name',
    'API key credential provider whose key the gateway attaches, or its ARN',
  ),
  header: optionalText('name', 'Header of the key (default: Authorization)'),
  prefix: optionalText('text', 'Text before the key, such as Bearer, without the space after it'),
  queryParameter: optionalText('name', 'Query parameter of the key, in place of a header'),
} as const;

/** The options by the members that they set. */
export const CREDENTIAL_OPTIONS: OptionNames = {
  'oauthCredentialProvider.providerArn': '--provider',
  scopes: '--scope',
  grantType: '--grant-type',
  AUTHORIZATION_CODE: '--grant-type authorization-code',
  CLIENT_CREDENTIALS: '--grant-type client-credentials',
  TOKEN_EXCHANGE: '--grant-type token-exchange',
  defaultReturnUrl: '--return-url',
  'apiKeyCredentialProvider.providerArn': '--api-key-provider',
  credentialParameterName: '--header or --query-parameter',
  credentialPrefix: '--prefix',
};

/** The options that one kind of credential has, and the option that it needs. */
const OPTIONS_OF = {
  provider: { scope: '--scope', grantType: '--grant-type', returnUrl: '--return-url' },
  apiKeyProvider: { header: '--header', prefix: '--prefix', queryParameter: '--query-parameter' },
} as const;

const OPTION = { provider: '--provider', apiKeyProvider: '--api-key-provider' } as const;

/**
 * @param present credential of the target
 * @throws CliError for options that exclude each other, or need another one
 */
export function checkCredential(flags: CredentialFlags, present?: RequestedCredential): void {
  const has = {
    provider: present?.credentialProviderType === 'OAUTH',
    apiKeyProvider: present?.credentialProviderType === 'API_KEY',
  };
  for (const needed of ['provider', 'apiKeyProvider'] as const) {
    const other = needed === 'provider' ? 'apiKeyProvider' : 'provider';
    const isPresent = has[needed] && flags[other] === undefined;
    for (const [name, option] of Object.entries(OPTIONS_OF[needed])) {
      if (flags[name as keyof CredentialFlags] !== undefined && flags[needed] === undefined && !isPresent)
        throw usageError(`${option} needs ${OPTION[needed]}.`);
    }
  }
  if (flags.provider !== undefined && flags.apiKeyProvider !== undefined) {
    throw usageError('Set either --provider or --api-key-provider: a target has one credential.');
  }
  if (flags.header !== undefined && flags.queryParameter !== undefined) {
    throw usageError('Set either --header or --query-parameter.');
  }
}

export const changesCredential = (flags: CredentialFlags): boolean =>
  (Object.keys(CREDENTIAL_FLAGS) as (keyof CredentialFlags)[]).some((name) => flags[name] !== undefined);

const arnOf = async (service: Service, named: string, kind: Kind): Promise<string> =>
  named.startsWith('arn:')
    ? named
    : (await findProvider(service, named, { kind })).provider.credentialProviderArn;

/**
 * Returns the credential that the options state; undefined for none.
 *
 * @param present credential of the target. Options of a provider of the same kind change it
 * @throws CliError for a provider that does not exist
 */
export async function credentialOf(
  service: Service,
  flags: CredentialFlags,
  present?: RequestedCredential,
): Promise<RequestedCredential | undefined> {
  const { provider, scope, grantType, returnUrl, apiKeyProvider, header, prefix, queryParameter } = flags;
  const { oauthCredentialProvider: oauth, apiKeyCredentialProvider: key } = present?.credentialProvider ?? {};
  const oauthArn = provider === undefined ? oauth?.providerArn : await arnOf(service, provider, 'oauth2');
  if (oauthArn !== undefined && apiKeyProvider === undefined) {
    const oauthCredentialProvider = {
      ...oauth,
      providerArn: oauthArn,
      scopes: [...(scope ?? oauth?.scopes ?? [])],
      ...(grantType && { grantType: GRANT_TYPES[grantType] }),
      ...(returnUrl !== undefined && { defaultReturnUrl: returnUrl }),
    };
    return { credentialProviderType: 'OAUTH', credentialProvider: { oauthCredentialProvider } };
  }
  const keyArn =
    apiKeyProvider === undefined ? key?.providerArn : await arnOf(service, apiKeyProvider, 'api-key');
  if (keyArn === undefined) return undefined;
  const credentialParameterName = queryParameter ?? header;
  const apiKeyCredentialProvider = {
    ...key,
    providerArn: keyArn,
    ...(credentialParameterName !== undefined && {
      credentialParameterName,
      credentialLocation: queryParameter === undefined ? ('HEADER' as const) : ('QUERY_PARAMETER' as const),
    }),
    ...(prefix !== undefined && { credentialPrefix: prefix }),
  };
  return { credentialProviderType: 'API_KEY', credentialProvider: { apiKeyCredentialProvider } };
}
