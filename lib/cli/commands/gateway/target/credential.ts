/** The options of the credential that a gateway attaches to the requests to a target. */
import type { RequestedCredential } from '../../../../../lambda/model/gateway/gateway-request';
import { flag, optionalText, optionalTexts } from '../../../connection-flags';
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
  readonly iamService?: string;
  readonly iamRegion?: string;
  readonly jwtPassthrough: boolean;
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
  iamService: optionalText(
    'name',
    'Service, such as execute-api, for which the gateway signs requests with its role (gateway add --role)',
  ),
  iamRegion: optionalText('Region', 'Region of this service (default: that of the deployment)'),
  jwtPassthrough: flag('Pass the user token of the caller to the server, which can then act as the user'),
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
  'iamCredentialProvider.service': '--iam-service',
  'iamCredentialProvider.region': '--iam-region',
  'credentialProviderConfigurations.credentialProviderType': 'the credential',
};

/** The option that selects each kind of credential, and those that only this kind has. */
const KINDS = {
  provider: {
    type: 'OAUTH',
    option: '--provider',
    others: { scope: '--scope', grantType: '--grant-type', returnUrl: '--return-url' },
  },
  apiKeyProvider: {
    type: 'API_KEY',
    option: '--api-key-provider',
    others: { header: '--header', prefix: '--prefix', queryParameter: '--query-parameter' },
  },
  iamService: { type: 'GATEWAY_IAM_ROLE', option: '--iam-service', others: { iamRegion: '--iam-region' } },
  jwtPassthrough: { type: 'JWT_PASSTHROUGH', option: '--jwt-passthrough', others: {} },
} as const satisfies Partial<Record<keyof CredentialFlags, unknown>>;

type KindName = keyof typeof KINDS;
const KIND_NAMES = Object.keys(KINDS) as KindName[];

const isSet = (flags: CredentialFlags, name: keyof CredentialFlags): boolean =>
  flags[name] !== undefined && flags[name] !== false;

/**
 * @param present credential of the target
 * @throws CliError for options that exclude each other, or need another one
 */
export function checkCredential(flags: CredentialFlags, present?: RequestedCredential): void {
  const selected = KIND_NAMES.filter((name) => isSet(flags, name));
  const [kind = KIND_NAMES.find((name) => KINDS[name].type === present?.credentialProviderType)] = selected;
  for (const name of KIND_NAMES) {
    const { option: needed, others } = KINDS[name];
    const stated = Object.entries(others).find(([other]) => isSet(flags, other as keyof CredentialFlags));
    if (stated && name !== kind) throw usageError(`${stated[1]} needs ${needed}.`);
  }
  if (selected.length > 1) {
    const options = selected.map((name) => KINDS[name].option).join(' or ');
    throw usageError(`Set either ${options}: a target has one credential.`);
  }
  if (flags.header !== undefined && flags.queryParameter !== undefined) {
    throw usageError('Set either --header or --query-parameter.');
  }
}

export const changesCredential = (flags: CredentialFlags): boolean =>
  (Object.keys(CREDENTIAL_FLAGS) as (keyof CredentialFlags)[]).some((name) => isSet(flags, name));

const arnOf = async (service: Service, named: string, kind: Kind): Promise<string> =>
  named.startsWith('arn:')
    ? named
    : (await findProvider(service, named, { kind })).provider.credentialProviderArn;

/**
 * Returns the credential that the options state; undefined for none.
 *
 * @param present credential of the target. Options of the same kind change it
 * @throws CliError for a provider that does not exist
 */
export async function credentialOf(
  service: Service,
  flags: CredentialFlags,
  present?: RequestedCredential,
): Promise<RequestedCredential | undefined> {
  const { provider, scope, grantType, returnUrl, apiKeyProvider, header, prefix, queryParameter } = flags;
  const isReplaced = KIND_NAMES.some(
    (name) => isSet(flags, name) && KINDS[name].type !== present?.credentialProviderType,
  );
  if (flags.jwtPassthrough || (!isReplaced && present?.credentialProviderType === 'JWT_PASSTHROUGH')) {
    return { credentialProviderType: 'JWT_PASSTHROUGH' };
  }
  const {
    oauthCredentialProvider: oauth,
    apiKeyCredentialProvider: key,
    iamCredentialProvider: iam,
  } = (isReplaced ? undefined : present?.credentialProvider) ?? {};
  const oauthArn = provider === undefined ? oauth?.providerArn : await arnOf(service, provider, 'oauth2');
  if (oauthArn !== undefined) {
    const oauthCredentialProvider = {
      ...oauth,
      providerArn: oauthArn,
      scopes: [...(scope ?? oauth?.scopes ?? [])],
      ...(grantType && { grantType: GRANT_TYPES[grantType] }),
      ...(returnUrl !== undefined && { defaultReturnUrl: returnUrl }),
    };
    return { credentialProviderType: 'OAUTH', credentialProvider: { oauthCredentialProvider } };
  }
  const { iamService: signingName = iam?.service, iamRegion: region = iam?.region } = flags;
  if (signingName !== undefined) {
    const iamCredentialProvider = { service: signingName, ...(region !== undefined && { region }) };
    return { credentialProviderType: 'GATEWAY_IAM_ROLE', credentialProvider: { iamCredentialProvider } };
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
