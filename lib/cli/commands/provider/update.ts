/** `agent-identity provider update`: replaces what the options name, and keeps the rest. */
import type { VendorName } from '../../../../lambda/model/provider/vendor-names';
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../lambda/operations';
import { vendorOf } from '../../../../lambda/domain/provider/vendors';
import type { ShownConfig } from '../../../../lambda/domain/provider/config-members';
import { CONNECTION_FLAGS, flag } from '../../connection-flags';
import type { CliContext } from '../../context';
import { CliError, usageError, type ServiceFailure } from '../../failure';
import { namingOptions } from '../../option-names';
import { print, printAside, printFields, printJson } from '../../output';
import {
  checkPrivateEndpoints,
  privateEndpointRemovalFlags,
  type PrivateEndpointRemovalFlags,
} from '../../private-endpoints';
import { readSecret } from '../../prompt';
import { clientFields, configOf, isVendor, type Oauth2Provider } from './provider';
import {
  apiKeyMembers,
  checkOptions,
  checkRegistration,
  CLIENT_FLAGS,
  clientSecretMembers,
  isCustom,
  isPublicClient,
  INITIAL_ACCESS_TOKEN_FLAG,
  MCP_FLAG,
  mcpDiscoveryUrl,
  memberOptions,
  needsSecret,
  registrationHint,
  registrationMembers,
  requestedUrl,
  SECRET_FLAGS,
  secretReference,
  serverMembers,
  type ClientFlags,
  type RegistrationFlags,
  type SecretFlags,
} from './config';
import { findProvider, KIND_FLAG, PROVIDER_NAME, type KindFlags } from './lookup';
import { checkCommand } from './on-behalf-of';
import { confirmationFirst, originsFirst } from './server-move';
import { connect, type Service } from '../../service';

interface UpdateFlags
  extends KindFlags, ClientFlags, SecretFlags, RegistrationFlags, PrivateEndpointRemovalFlags {
  readonly secret: boolean;
  readonly anotherOwner: boolean;
  readonly public: boolean;
}

const SERVER: readonly (keyof ClientFlags)[] = [
  'discoveryUrl',
  'issuer',
  'authorizationEndpoint',
  'tokenEndpoint',
  'tenantId',
];

const CLIENT_OPTIONS = Object.keys(CLIENT_FLAGS) as (keyof ClientFlags)[];

const isSet = (flags: ClientFlags, names: readonly (keyof ClientFlags)[]): boolean =>
  names.some((name) => flags[name] !== undefined);

/** Returns whether the options are those of a client or a server, which no provider of an API key has. */
const isAboutOauth2 = (flags: UpdateFlags): boolean =>
  flags.public || flags.noPrivateEndpoints || isSet(flags, CLIENT_OPTIONS);

/** Returns the server that the provider has now, as the vendor's member of a request names it. */
function presentServer(
  vendor: VendorName,
  { oauthDiscovery }: ShownConfig,
  bound: Oauth2Provider['protectedResource'],
): Record<string, unknown> {
  const { server } = vendorOf(vendor);
  if (isCustom(vendor)) {
    return { oauthDiscovery, ...(bound && { authorizationServer: bound.authorizationServer }) };
  }
  const { discoveryUrl, authorizationServerMetadata: stated } = oauthDiscovery ?? {};
  if (server === 'entra-tenant') {
    // https://login.microsoftonline.com/TENANT/v2.0
    const tenantId = stated?.issuer === undefined ? undefined : new URL(stated.issuer).pathname.split('/')[1];
    return tenantId === undefined ? {} : { tenantId };
  }
  if (server !== 'stated') return {};
  if (discoveryUrl !== undefined) return { issuer: discoveryUrl.replace(/\/\.well-known\/[^/]*$/, '') };
  return { ...stated };
}

/** Returns the server after the update. A single endpoint replaces one of those that the provider has. */
function changedServer(
  vendor: VendorName,
  provider: Oauth2Provider,
  flags: UpdateFlags,
): Record<string, unknown> {
  const present = configOf(provider);
  if (!isSet(flags, SERVER)) {
    return { ...presentServer(vendor, present, provider.protectedResource), ...serverMembers(vendor, flags) };
  }
  if (!isSet(flags, ['authorizationEndpoint', 'tokenEndpoint'])) return serverMembers(vendor, flags);
  const stated = present.oauthDiscovery?.authorizationServerMetadata;
  return serverMembers(vendor, {
    ...flags,
    issuer: flags.issuer ?? stated?.issuer,
    authorizationEndpoint: flags.authorizationEndpoint ?? stated?.authorizationEndpoint,
    tokenEndpoint: flags.tokenEndpoint ?? stated?.tokenEndpoint,
  });
}

/** The name can belong to another principal since the user named the provider last. The secret must not go there. */
const ownershipOf = ({ anotherOwner }: UpdateFlags) => (anotherOwner ? {} : { requireOwnership: true });

const ownershipHint = ({ problem }: ServiceFailure): string | undefined =>
  problem?.code === 'NotOwner' ? 'To update it anyway, set --another-owner.' : undefined;

const NOTHING = () =>
  usageError('Set what changes.', 'For example, --secret reads a new client secret or API key.');

/**
 * An update that states no secret keeps the present one, so no request makes a client public.
 *
 * @throws CliError for --public
 */
function rejectPublic({ name, credentialProviderVendor: vendor, ...provider }: Oauth2Provider): never {
  const { clientAuthenticationMethod: method } = configOf(provider);
  if (isVendor(vendor) && isPublicClient(vendor, method)) {
    throw usageError(
      'The client is public, and stays so unless the update names a method, or another client with a secret.',
      'Omit --public.',
    );
  }
  throw usageError(
    'An update cannot make a client public. It can replace the secret (--secret), the method (--client-authentication), or the client (--client-id).',
    `For a public client, delete the provider "${name}", and create it again with --public: its callback URL changes, and users consent again.`,
  );
}

async function updateApiKey(
  context: CliContext,
  service: Service,
  name: string,
  flags: UpdateFlags,
): Promise<object> {
  if (isAboutOauth2(flags)) {
    throw usageError(
      `The provider "${name}" has an API key: it has no client and no server.`,
      'Set --secret, or --secret-arn and --secret-key.',
    );
  }
  const reference = secretReference(flags);
  if (!reference && !flags.secret) throw NOTHING();
  const apiKey = reference ? undefined : await readSecret(context, 'API key');
  return namingOptions(
    memberOptions(flags),
    () =>
      service.call<object>(OPERATIONS.UpdateApiKeyCredentialProvider, {
        name,
        ...apiKeyMembers(reference, apiKey),
        ...ownershipOf(flags),
      }),
    ownershipHint,
  );
}

/** Returns the options, in which --dpop alone keeps the resources of a custom server. */
const withPresentResources = ({ dpopConfig }: ShownConfig, flags: UpdateFlags): UpdateFlags =>
  flags.dpop && flags.mcp === undefined
    ? { ...flags, dpopResource: flags.dpopResource ?? dpopConfig?.resourceUrls }
    : flags;

/** Returns whether the options can lead to another server. The same MCP server does so only with another issuer. */
function namesOtherServer(provider: Oauth2Provider, flags: UpdateFlags): boolean {
  if (!isSet(flags, SERVER)) return false;
  const { protectedResource: bound } = provider;
  const { discoveryUrl } = configOf(provider).oauthDiscovery ?? {};
  if (flags.mcp === undefined || flags.discoveryUrl !== discoveryUrl) return true;
  return flags.authorizationServer !== undefined && flags.authorizationServer !== bound?.authorizationServer;
}

const statesSecret = ({ secret, secretArn, secretKey }: UpdateFlags): boolean =>
  secret || secretArn !== undefined || secretKey !== undefined;

/**
 * An update with the name of another provider must not have a public client authenticate: most servers reject that, and no
 * update makes it public again.
 *
 * @throws CliError for a secret of a public client without a method, before the secret is read
 */
function checkPublicClient(
  vendor: VendorName,
  { clientAuthenticationMethod: method }: ShownConfig,
  flags: UpdateFlags,
): void {
  if (!isPublicClient(vendor, method) || !statesSecret(flags)) return;
  if (flags.clientAuthentication !== undefined || flags.clientId !== undefined) return;
  throw usageError(
    'The client is public, so it has no secret.',
    'If it has one now, set --client-authentication CLIENT_SECRET_BASIC, too. No update makes it public again.',
  );
}

/**
 * A server that registered a client with a secret states its method. Its administrator can replace the secret.
 *
 * @throws CliError for a secret of another client that the service provides, before the secret is read
 */
function checkSecret(
  vendor: VendorName,
  { clientRegistration: present, clientAuthenticationMethod: method }: ShownConfig,
  flags: UpdateFlags,
): void {
  const registration = flags.clientRegistration ?? present;
  if (!statesSecret(flags) || flags.clientId !== undefined || registration === undefined) return;
  const hasSecret =
    registration === present &&
    !isPublicClient(vendor, method) &&
    needsSecret(method) &&
    flags.mcp === undefined;
  if (hasSecret) return;
  const did = registration === 'METADATA_DOCUMENT' ? 'describes' : 'registered';
  throw usageError(
    `The service ${flags.clientRegistration ? 'provides' : did} this client, so you have no secret for it.`,
    'To use your own client, set --client-id.',
  );
}

/**
 * Returns the configuration of the provider after the update.
 *
 * @throws CliError for options that do not fit
 */
async function changedConfig(
  context: CliContext,
  vendor: VendorName,
  provider: Oauth2Provider,
  options: UpdateFlags,
): Promise<Record<string, unknown>> {
  checkOptions(vendor, options);
  const { clientAuthenticationMethod: stated, ...present } = configOf(provider);
  const flags = withPresentResources(present, options);
  checkSecret(vendor, configOf(provider), flags);
  checkPublicClient(vendor, configOf(provider), flags);
  const isProvided = (flags.clientRegistration ?? present.clientRegistration) !== undefined;
  // The service keeps or registers the client of an MCP server. A stated client ID would be taken for one of the owner.
  if (flags.mcp !== undefined && flags.clientId === undefined && isProvided) {
    return {
      dpopConfig: present.dpopConfig,
      ...serverMembers(vendor, flags),
      ...(await registrationMembers(context, flags)),
    };
  }
  if (flags.initialAccessToken) {
    throw usageError(
      'The provider has a client of your own, so the service registers none.',
      'To have it register one, set --client-registration DYNAMIC.',
    );
  }
  // Another client that the service provides has another ID, and authenticates in another way.
  if (flags.clientRegistration !== undefined && flags.clientId === undefined) {
    return {
      dpopConfig: present.dpopConfig,
      ...changedServer(vendor, provider, flags),
      ...(await registrationMembers(context, flags)),
    };
  }
  // The key of a document stays with the document. Another client has another key, or none.
  const before = present.clientRegistration === 'METADATA_DOCUMENT' ? undefined : stated;
  const method = flags.clientAuthentication ?? before;
  const reference = secretReference(flags);
  // The service gives a stored secret to no other client and no other server.
  const another = flags.clientId !== undefined || namesOtherServer(provider, flags) || !needsSecret(before);
  // A public client stays public, unless an option names another method.
  const hasSecret = !isPublicClient(vendor, method) && needsSecret(method);
  const wanted = !reference && (flags.secret || (another && hasSecret));
  const secret = wanted ? await readSecret(context, 'client secret') : undefined;
  return {
    ...present,
    clientAuthenticationMethod: before,
    // JSON omits undefined members.
    oauthDiscovery: undefined,
    privateKeyJwtConfig: method === 'PRIVATE_KEY_JWT' ? present.privateKeyJwtConfig : undefined,
    ...(flags.noPrivateEndpoints && { privateEndpoint: undefined, privateEndpointOverrides: undefined }),
    ...changedServer(vendor, provider, flags),
    ...(flags.clientId !== undefined && {
      clientId: flags.clientId,
      clientRegistration: flags.clientRegistration,
    }),
    ...clientSecretMembers(reference, secret),
  };
}

async function updateOauth2(
  context: CliContext,
  service: Service,
  provider: Oauth2Provider,
  flags: UpdateFlags,
): Promise<Oauth2Provider> {
  const { name, credentialProviderVendor: vendor } = provider;
  if (!isVendor(vendor)) {
    throw new CliError(`The vendor ${vendor} is not known to this command.`, {
      next: 'Update the command: npm install -g @agent-identity/cli.',
    });
  }
  if (flags.public) rejectPublic(provider);
  if (!flags.secret && !isAboutOauth2(flags) && !secretReference(flags)) throw NOTHING();
  const config = await changedConfig(context, vendor, provider, flags);
  const { discoveryUrl } = configOf(provider).oauthDiscovery ?? {};
  return namingOptions(
    { ...memberOptions(flags), clientSecret: '--secret' },
    () =>
      service.call<Oauth2Provider>(OPERATIONS.UpdateOauth2CredentialProvider, {
        name,
        credentialProviderVendor: vendor,
        oauth2ProviderConfigInput: { [vendorOf(vendor).configMember]: config },
        ...ownershipOf(flags),
      }),
    (failure) =>
      ownershipHint(failure) ??
      registrationHint(failure) ??
      originsFirst(failure, name, discoveryUrl, flags.mcp !== undefined) ??
      requestedUrl(failure, flags) ??
      (flags.mcp === undefined ? confirmationFirst(failure, name, discoveryUrl) : undefined),
  );
}

/**
 * Prints the server, and another client or callback URL with what to do. The service registers the callback URL only for a
 * client that it provides.
 */
function printChange(context: CliContext, before: Oauth2Provider, updated: Oauth2Provider): void {
  const { callbackUrl } = updated;
  const { clientId, clientRegistration } = configOf(updated);
  const isMoved = callbackUrl !== before.callbackUrl;
  const isAnother = clientId !== configOf(before).clientId;
  printFields(context, clientFields(updated, { clientId: isAnother, callbackUrl: isMoved || isAnother }));
  if (!isMoved && !isAnother) return;
  if (isAnother) printAside(context, 'The client changed, so users consent again.');
  if (clientRegistration !== undefined) {
    if (isMoved) printAside(context, 'The callback URL changed with the client. You need not register it.');
  } else {
    printAside(
      context,
      isMoved
        ? 'The callback URL changed. Register it as the redirect URI of your client before users consent, and remove the old one.'
        : 'Register the callback URL as the redirect URI of this client before users consent.',
    );
  }
  printAside(context, `Then check the provider: ${checkCommand(updated)}`);
}

export const update = buildCommand({
  docs: {
    brief: 'Change a credential provider',
    fullDescription: [
      'Changes what the options name, and keeps the rest. Grants stay if the client and the server stay.',
      'With --secret, reads a new client secret or API key from stdin, or you type it.',
      'An MCP server that names another authorization server needs --mcp and --authorization-server with the new issuer.',
      'If this server moves its endpoints to another origin, --mcp and --endpoint-origin confirm it.',
      'With --mcp and without --client-id, the client stays if it is your own. Otherwise, the service provides it.',
      'Each --dpop-resource names one resource, and together they replace the present ones. --no-dpop ends the binding of tokens to keys.',
      'With --client-registration, the service provides the client in another way, and users consent again.',
      'Another client or server needs a new client secret, which the command reads in the same way.',
      'Another server also gets another callback URL, which the command prints.',
      'A provider of another owner is not changed, and gets no secret, unless you set --another-owner.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      ...CLIENT_FLAGS,
      dpop: {
        kind: 'boolean',
        optional: true,
        brief: CLIENT_FLAGS.dpop.brief,
      },
      ...privateEndpointRemovalFlags('a custom server'),
      ...SECRET_FLAGS,
      mcp: MCP_FLAG,
      initialAccessToken: INITIAL_ACCESS_TOKEN_FLAG,
      secret: flag('Replace the client secret or the API key'),
      anotherOwner: flag('Update the provider even if another principal owns it'),
      // As in `provider add`. The command says what an update can do instead.
      public: { ...flag('Not possible: an update cannot make a client public'), hidden: true },
      kind: KIND_FLAG,
    },
    positional: {
      kind: 'tuple',
      parameters: [PROVIDER_NAME],
    },
  },
  async func(this: CliContext, flags: UpdateFlags, name: string) {
    checkRegistration(flags);
    checkPrivateEndpoints(flags);
    const service = await connect(this, flags);
    const changes =
      flags.mcp === undefined ? flags : { ...flags, discoveryUrl: mcpDiscoveryUrl(flags.mcp, flags) };
    const found = await findProvider(service, name, {
      kind: flags.kind,
      likely: isAboutOauth2(changes) ? 'oauth2' : undefined,
    });
    const done = `The credential provider "${name}" is updated.`;
    if (found.kind === 'api-key') {
      const updated = await updateApiKey(this, service, name, changes);
      if (flags.json) printJson(this, updated);
      else print(this, done);
      return;
    }
    const updated = await updateOauth2(this, service, found.provider, changes);
    if (flags.json) {
      printJson(this, updated);
      return;
    }
    print(this, done);
    printChange(this, found.provider, updated);
  },
});
