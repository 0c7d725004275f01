/** The options that configure an OAuth 2.0 credential provider, and the members of requests that they set. */
import {
  CLIENT_AUTHENTICATION_METHODS,
  CLIENT_REGISTRATIONS,
} from '../../../../lambda/model/provider/client';
import type { VendorName } from '../../../../lambda/model/provider/vendor-names';
import { usesSecret } from '../../../../lambda/domain/provider/vendor';
import { vendorOf } from '../../../../lambda/domain/provider/vendors';
import {
  isMetadataUrl,
  issuerRule,
  protectedResourceUrl,
  RESOURCE_URL_RULE,
} from '../../../../lambda/model/discovery-url';
import {
  flag,
  kebabCase,
  type OptionName,
  optionalText,
  optionalTexts,
  optionalUrl,
  type FlagValues,
} from '../../connection-flags';
import type { CustomOauth2Config } from '../../../../lambda/model/provider/configuration';
import type { CliContext } from '../../context';
import { usageError, type ServiceFailure } from '../../failure';
import type { OptionNames } from '../../option-names';
import { PRIVATE_ENDPOINT_OPTIONS, privateEndpointFlags } from '../../private-endpoints';
import { readSecret } from '../../prompt';

export const CLIENT_FLAGS = {
  clientId: optionalText('ID', 'Client ID that the vendor issued'),
  discoveryUrl: optionalUrl('--discovery-url', 'Discovery document of a custom authorization server'),
  issuer: optionalUrl('--issuer', "Issuer: of a custom authorization server, or the vendor's tenant"),
  authorizationEndpoint: optionalUrl(
    '--authorization-endpoint',
    'Authorization endpoint, if there is no discovery document',
  ),
  tokenEndpoint: optionalUrl('--token-endpoint', 'Token endpoint, if there is no discovery document'),
  tenantId: optionalText('ID', 'Microsoft Entra tenant (default: common)'),
  authorizationServer: optionalUrl(
    '--authorization-server',
    'Issuer that an MCP server must name; confirms a change of its authorization server',
  ),
  endpointOrigin: optionalTexts(
    'URL',
    'Origin of the endpoints of this authorization server; confirms a change. Set the option again for a second origin',
  ),
  clientAuthentication: {
    kind: 'enum',
    values: CLIENT_AUTHENTICATION_METHODS,
    optional: true,
    brief: 'How a custom server authenticates the client (default: CLIENT_SECRET_BASIC)',
  },
  clientRegistration: {
    kind: 'enum',
    values: CLIENT_REGISTRATIONS,
    optional: true,
    brief: 'How the service provides the client of an MCP server (default: what the server supports)',
  },
  kmsKey: optionalText('ARN', 'KMS key that signs for PRIVATE_KEY_JWT'),
  caSecret: optionalText('ARN', 'Secret with the certificates of private authorities, for a custom server'),
  caObject: optionalText('URI', 'S3 object with these certificates (s3://bucket/key), instead of a secret'),
  ...privateEndpointFlags('a custom server'),
  dpop: {
    kind: 'boolean',
    optional: true,
    withNegated: false,
    brief: 'Bind the tokens of an MCP server to keys (DPoP)',
  },
  dpopResource: optionalTexts(
    'URL',
    'Resource of a custom server that agents get DPoP proofs for; set the option again for each further resource',
  ),
} as const;

export type ClientFlags = FlagValues<typeof CLIENT_FLAGS>;

export const SECRET_FLAGS = {
  secretArn: optionalText('ARN', 'Secret in AWS Secrets Manager, instead of stdin'),
  secretKey: optionalText('name', 'Member of that secret with the client secret or API key'),
} as const;

export type SecretFlags = FlagValues<typeof SECRET_FLAGS>;

export const INITIAL_ACCESS_TOKEN_FLAG = flag(
  'Read a token with which the authorization server of an MCP server registers the client',
);

export interface RegistrationFlags {
  readonly mcp?: string | undefined;
  readonly initialAccessToken: boolean;
}

/**
 * @throws CliError for an option of an MCP server without one, of a custom server with one, or of a client that the service
 *   does not register
 */
export function checkRegistration(
  flags: RegistrationFlags &
    Pick<
      ClientFlags,
      'clientId' | 'authorizationServer' | 'endpointOrigin' | 'caSecret' | 'caObject' | 'dpopResource'
    >,
): void {
  if (flags.dpopResource && flags.mcp !== undefined) {
    throw usageError(
      'With --mcp, the MCP server is the only resource that agents get DPoP proofs for.',
      'Replace --dpop-resource by --dpop.',
    );
  }
  if (flags.authorizationServer !== undefined && flags.mcp === undefined) {
    throw usageError('--authorization-server needs --mcp.');
  }
  if (flags.endpointOrigin !== undefined && flags.mcp === undefined) {
    throw usageError('--endpoint-origin needs --mcp.');
  }
  if (flags.mcp !== undefined && (flags.caSecret !== undefined || flags.caObject !== undefined)) {
    throw usageError(
      'An MCP server can name any authorization server, so --mcp takes neither --ca-secret nor --ca-object.',
      'Set the authorization server with --discovery-url instead of --mcp, and name the MCP server in the requests of agents (resources).',
    );
  }
  if (!flags.initialAccessToken || (flags.mcp !== undefined && flags.clientId === undefined)) return;
  throw usageError('--initial-access-token needs --mcp, without --client-id.');
}

/** Returns the member of an initial access token, which is read if the option asks for it. */
export const registrationMembers = async (
  context: CliContext,
  { initialAccessToken }: RegistrationFlags,
): Promise<Record<string, unknown>> =>
  initialAccessToken ? { initialAccessToken: await readSecret(context, 'initial access token') } : {};

export const MCP_FLAG = optionalUrl('--mcp', 'MCP server, which names its authorization server');

/**
 * Returns the discovery URL of an MCP server.
 *
 * @throws CliError for a URL that is not valid, or an option that names the authorization server
 */
export function mcpDiscoveryUrl(
  server: string,
  flags: ClientFlags & { readonly vendor?: VendorName | undefined },
): string {
  const { vendor = 'CustomOauth2', discoveryUrl, issuer, authorizationEndpoint, tokenEndpoint } = flags;
  const others = [discoveryUrl, issuer, authorizationEndpoint, tokenEndpoint];
  if (vendor !== 'CustomOauth2' || others.some((option) => option !== undefined)) {
    throw usageError(
      'An MCP server names its authorization server itself.',
      'Omit --vendor, --discovery-url, --issuer, --authorization-endpoint, and --token-endpoint.',
    );
  }
  const url = protectedResourceUrl(server);
  if (url === undefined) throw usageError(`--mcp ${RESOURCE_URL_RULE}.`);
  return url;
}

type Option = OptionName<ClientFlags & SecretFlags & RegistrationFlags>;
type OptionWords = Option | `${Option} and ${Option}` | `the ${string}`;

/** The option that sets each member of a request, and the members in it. */
const OPTION_OF_MEMBER: Readonly<
  Record<
    Exclude<keyof CustomOauth2Config, 'clientSecretSource' | 'onBehalfOfTokenExchangeConfig'>,
    OptionWords
  > &
    Record<string, OptionWords>
> = {
  clientId: '--client-id',
  oauthDiscovery: 'the discovery URL',
  discoveryUrl: 'the discovery URL',
  issuer: '--issuer',
  authorizationEndpoint: '--authorization-endpoint',
  tokenEndpoint: '--token-endpoint',
  tenantId: '--tenant-id',
  clientSecret: 'the client secret',
  clientSecretConfig: '--secret-arn',
  secretId: '--secret-arn',
  jsonKey: '--secret-key',
  initialAccessToken: '--initial-access-token',
  authorizationServer: '--authorization-server',
  endpointOrigins: '--endpoint-origin',
  clientAuthenticationMethod: '--client-authentication',
  clientRegistration: '--client-registration',
  privateKeyJwtConfig: '--kms-key',
  kmsKeyArn: '--kms-key',
  certificateConfigurations: '--ca-secret and --ca-object',
  secretArn: '--ca-secret',
  uri: '--ca-object',
  ...PRIVATE_ENDPOINT_OPTIONS,
  dpopConfig: '--dpop',
  resourceUrls: '--dpop-resource',
};

/** What sets the members of a request, for {@link namingOptions}. The discovery URL can come from several options. */
export const memberOptions = ({
  mcp,
  issuer,
  discoveryUrl,
}: Pick<RegistrationFlags, 'mcp'> & Pick<ClientFlags, 'issuer' | 'discoveryUrl'>): OptionNames => {
  const discovery =
    (mcp !== undefined && '--mcp') ||
    (discoveryUrl !== undefined && '--discovery-url') ||
    (issuer !== undefined && '--issuer') ||
    'the discovery URL';
  return {
    ...OPTION_OF_MEMBER,
    oauthDiscovery: discovery,
    discoveryUrl: discovery,
    name: 'the name',
    oauth2ProviderConfigInput: 'the configuration',
    apiKey: 'the API key',
    apiKeySecretConfig: '--secret-arn',
  };
};

/** Returns what to do if the service cannot provide the client that the options ask for. */
export const registrationHint = ({ fields }: Pick<ServiceFailure, 'fields'>): string | undefined =>
  fields.some(({ name }) => name.endsWith('.clientRegistration'))
    ? 'The service provides only the client of an MCP server: set --mcp with its URL, and omit --client-id, --client-authentication, and the secret.'
    : undefined;

/** Returns which URL the service requested for an MCP server, if the error is about its metadata. */
export function requestedUrl(
  { problem }: Pick<ServiceFailure, 'problem'>,
  { mcp }: Pick<RegistrationFlags, 'mcp'>,
): string | undefined {
  const isAbout = problem?.code === 'McpServerRejected' || problem?.code === 'McpServerUnavailable';
  const url = mcp === undefined ? undefined : protectedResourceUrl(mcp);
  if (!isAbout || url === undefined || mcp === undefined) return undefined;
  const { origin, pathname } = new URL(mcp);
  const path =
    pathname === '/' ? ` If the URL of the MCP server has a path, set all of it: --mcp ${origin}/PATH` : '';
  return `The service requested ${url}.${path}`;
}

export const isCustom = (vendor: VendorName): boolean =>
  vendorOf(vendor).configMember === 'customOauth2ProviderConfig';

type ServerOption = Exclude<keyof ClientFlags, 'clientId'>;

const SERVER_OPTIONS = (Object.keys(CLIENT_FLAGS) as (keyof ClientFlags)[]).filter(
  (option) => option !== 'clientId',
);

/** The options that a vendor takes; another one would be ignored. */
function optionsOf(vendor: VendorName): readonly ServerOption[] {
  if (isCustom(vendor)) return SERVER_OPTIONS.filter((option) => option !== 'tenantId');
  const { server } = vendorOf(vendor);
  if (server === 'entra-tenant') return ['tenantId'];
  return server === 'stated' ? ['issuer', 'authorizationEndpoint', 'tokenEndpoint'] : [];
}

/** @throws CliError for an option that the vendor does not take */
export function checkOptions(
  vendor: VendorName,
  flags: ClientFlags & Pick<Partial<RegistrationFlags>, 'mcp'>,
): void {
  const taken = optionsOf(vendor);
  const option = SERVER_OPTIONS.find((each) => flags[each] !== undefined && !taken.includes(each));
  if (option === undefined) return;
  const others = taken.map((other) => `--${kebabCase(other)}`).join(', ');
  // The discovery URL comes from it.
  const stated = option === 'discoveryUrl' && flags.mcp !== undefined ? 'mcp' : kebabCase(option);
  throw usageError(
    `${vendor} does not take --${stated}.`,
    others === '' ? 'Its endpoints are known.' : `It takes ${others}.`,
  );
}

/** @throws CliError for a URL that is no issuer */
function wellKnown(issuer: string | undefined): string | undefined {
  if (issuer === undefined) return undefined;
  // OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2.
  if (/[?#]/.test(issuer)) throw usageError('--issuer must be a URL without a query and a fragment.');
  if (isMetadataUrl(issuer)) {
    throw usageError(`--issuer ${issuerRule(issuer)}.`, 'The option for the URL is --discovery-url.');
  }
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

/** An option that is needed with the stated ones; undefined if there is none. */
export function missingServerOption(
  vendor: VendorName,
  { discoveryUrl, issuer, authorizationEndpoint, tokenEndpoint }: ClientFlags,
): 'discoveryUrl' | 'issuer' | undefined {
  const stated = [issuer, authorizationEndpoint, tokenEndpoint].some((option) => option !== undefined);
  if (isCustom(vendor)) return discoveryUrl === undefined && !stated ? 'discoveryUrl' : undefined;
  return vendorOf(vendor).server === 'stated' && issuer === undefined ? 'issuer' : undefined;
}

/**
 * Returns the source of the certificates of private authorities, if the options name one.
 *
 * @throws CliError for two sources
 */
function certificateConfigurations({ caSecret, caObject }: ClientFlags): object[] | undefined {
  if (caSecret !== undefined && caObject !== undefined) {
    throw usageError('Set either --ca-secret or --ca-object.');
  }
  if (caSecret !== undefined) return [{ secretsManager: { secretArn: caSecret } }];
  return caObject === undefined ? undefined : [{ s3: { uri: caObject } }];
}

/**
 * Returns whether tokens are bound to keys, if the options say so. JSON omits an undefined member.
 *
 * @throws CliError for options that exclude each other
 */
function dpopMembers({ dpop, dpopResource }: ClientFlags): Record<string, unknown> {
  if (dpop === false && dpopResource) throw usageError('Set either --no-dpop or --dpop-resource.');
  if (dpop === false) return { dpopConfig: undefined };
  if (dpopResource) return { dpopConfig: { resourceUrls: dpopResource } };
  return dpop ? { dpopConfig: {} } : {};
}

/** The members of a custom server. Those of its client are in other parts of a request, and two have no option. */
type ServerMember = Exclude<
  keyof CustomOauth2Config,
  | 'clientId'
  | 'clientSecret'
  | 'clientSecretSource'
  | 'clientSecretConfig'
  | 'initialAccessToken'
  | 'onBehalfOfTokenExchangeConfig'
>;

/** Returns the members that name the server and how it authenticates the client. */
export function serverMembers(vendor: VendorName, flags: ClientFlags): Record<string, unknown> {
  const { discoveryUrl, issuer, authorizationEndpoint, tokenEndpoint, tenantId } = flags;
  if (!isCustom(vendor)) {
    return {
      ...(tenantId !== undefined && { tenantId }),
      ...(issuer !== undefined && { issuer }),
      ...(authorizationEndpoint !== undefined && { authorizationEndpoint }),
      ...(tokenEndpoint !== undefined && { tokenEndpoint }),
    };
  }
  const { authorizationServer, endpointOrigin, clientAuthentication, clientRegistration, kmsKey } = flags;
  const { privateEndpoint, privateEndpointOverride } = flags;
  const stated = authorizationEndpoint !== undefined || tokenEndpoint !== undefined;
  const found = discoveryUrl ?? wellKnown(issuer);
  const certificates = certificateConfigurations(flags);
  const members: Readonly<Record<ServerMember, object | false | undefined | ''>> = {
    oauthDiscovery: stated
      ? {
          oauthDiscovery: { authorizationServerMetadata: { issuer, authorizationEndpoint, tokenEndpoint } },
        }
      : found !== undefined && { oauthDiscovery: { discoveryUrl: found } },
    authorizationServer: authorizationServer !== undefined && { authorizationServer },
    endpointOrigins: endpointOrigin && { endpointOrigins: endpointOrigin },
    clientAuthenticationMethod: clientAuthentication && { clientAuthenticationMethod: clientAuthentication },
    clientRegistration: clientRegistration && { clientRegistration },
    privateKeyJwtConfig: kmsKey !== undefined && {
      privateKeyJwtConfig: { privateKeySource: { kmsKeySource: { kmsKeyArn: kmsKey } } },
    },
    certificateConfigurations: certificates && { certificateConfigurations: certificates },
    privateEndpoint: privateEndpoint && { privateEndpoint },
    privateEndpointOverrides: privateEndpointOverride && {
      privateEndpointOverrides: privateEndpointOverride,
    },
    dpopConfig: dpopMembers(flags),
  };
  return Object.assign({}, ...Object.values(members)) as Record<string, unknown>;
}

/** Returns whether the present client is public: the service states no method for it. */
export const isPublicClient = (
  vendor: VendorName,
  clientAuthentication: ClientFlags['clientAuthentication'],
): boolean => isCustom(vendor) && clientAuthentication === undefined;

/** Returns whether the client has a secret. */
export const needsSecret = (clientAuthentication: ClientFlags['clientAuthentication']): boolean =>
  usesSecret(clientAuthentication ?? 'CLIENT_SECRET_BASIC');

/** Returns a reference to a secret in AWS Secrets Manager, if the options name one. */
export function secretReference({
  secretArn,
  secretKey,
}: SecretFlags): { secretId: string; jsonKey: string } | undefined {
  if (secretArn === undefined && secretKey === undefined) return undefined;
  if (secretArn === undefined || secretKey === undefined) {
    throw usageError('Set --secret-arn and --secret-key together.');
  }
  return { secretId: secretArn, jsonKey: secretKey };
}

/** Returns the members of a client secret: in Secrets Manager, or as it was read. */
export const clientSecretMembers = (
  reference: ReturnType<typeof secretReference>,
  clientSecret: string | undefined,
): Record<string, unknown> =>
  reference
    ? { clientSecretSource: 'EXTERNAL', clientSecretConfig: reference }
    : { ...(clientSecret !== undefined && { clientSecret }) };

/** Returns the members of an API key: in Secrets Manager, or as it was read. */
export const apiKeyMembers = (
  reference: ReturnType<typeof secretReference>,
  apiKey: string | undefined,
): Record<string, unknown> =>
  reference
    ? { apiKeySecretSource: 'EXTERNAL', apiKeySecretConfig: reference }
    : { ...(apiKey !== undefined && { apiKey }) };
