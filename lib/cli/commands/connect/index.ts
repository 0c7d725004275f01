/** `agent-identity connect`: from a vendor, an issuer, or an MCP server to a provider that works, and a first token. */
import { buildCommand } from '@stricli/core';
import type { VendorName } from '../../../../lambda/model/provider/vendor-names';
import { OPERATIONS } from '../../../../lambda/operations';
import { hasFailed, ok, printChecks, type Check } from '../../checks';
import {
  CONNECTION_FLAGS,
  flag,
  optionalText,
  optionalTexts,
  type ConnectionFlags,
} from '../../connection-flags';
import type { CliContext } from '../../context';
import { untilAccepted } from '../../corrections';
import { checkFailed, CliError, usageError } from '../../failure';
import { namingOptions } from '../../option-names';
import { print, printAside, printFields, printJson } from '../../output';
import { ask, isInteractive, readSecret } from '../../prompt';
import { connect as connectTo, type Service } from '../../service';
import { createOauth2 } from '../provider/add';
import { checkProvider } from '../provider/checks';
import {
  checkOptions,
  CLIENT_FLAGS,
  INITIAL_ACCESS_TOKEN_FLAG,
  isCustom,
  MCP_FLAG,
  mcpDiscoveryUrl,
  missingServerOption,
  serverMembers,
} from '../provider/config';
import { orUndefined, PROVIDER_NAME } from '../provider/lookup';
import { tokenCommand } from '../provider/on-behalf-of';
import { configOf, getProvider, type Oauth2Provider } from '../provider/provider';
import { pageOf, VENDOR_SETUP } from '../provider/vendor-setup';
import { registrationOf, VENDOR_PARAMETER } from '../provider/vendors';
import { LOCAL_RETURN_URL, obtain } from '../token';
import { clientMembers, register, registersClients, serverMetadata, unregister } from './registration';
import { createUnfinished, finish, orDelete, type Target } from './unfinished';

interface ConnectFlags extends ConnectionFlags {
  readonly vendor?: VendorName;
  readonly issuer?: string;
  readonly discoveryUrl?: string;
  readonly tenantId?: string;
  readonly mcp?: string;
  readonly clientId?: string;
  readonly clientName?: string;
  readonly initialAccessToken: boolean;
  readonly agent?: string;
  readonly userId?: string;
  readonly scope?: readonly string[];
  readonly flow: 'user' | 'agent';
  readonly returnUrl?: string;
  readonly noBrowser: boolean;
}

/** The provider, and whether this command registered its client. */
interface Connected {
  readonly provider: Oauth2Provider;
  readonly isRegistered: boolean;
}

/** @throws CliError for options that do not fit */
function vendorOfOptions(flags: ConnectFlags): VendorName {
  const { vendor, issuer, discoveryUrl, mcp, clientId, initialAccessToken, agent, userId, flow } = flags;
  if (vendor === undefined && issuer === undefined && discoveryUrl === undefined && mcp === undefined) {
    throw usageError(
      'Set --vendor, --issuer, or --mcp.',
      'agent-identity provider guide lists the vendors. For an API key, run agent-identity provider add NAME --api-key.',
    );
  }
  if (initialAccessToken && clientId !== undefined) {
    throw usageError(
      '--initial-access-token is for a client that is not registered yet.',
      'Omit --client-id, or the token.',
    );
  }
  const isAtIssuer = mcp === undefined && clientId === undefined && isCustom(vendor ?? 'CustomOauth2');
  if (flags.clientName !== undefined && !isAtIssuer) {
    throw usageError(
      '--client-name is for a client that this command registers at an issuer.',
      'Omit --client-name.',
    );
  }
  if (agent === undefined && (userId !== undefined || flags.scope || flags.returnUrl !== undefined)) {
    throw usageError('--user-id, --scope, and --return-url are for the first token.', 'Set --agent.');
  }
  if (agent !== undefined && flow === 'user' && userId === undefined) {
    throw usageError('Name the user by --user-id.', 'For a token of the agent itself, set --flow agent.');
  }
  if (vendor !== undefined && initialAccessToken && !isCustom(vendor)) {
    throw usageError(`${vendor} registers no clients by itself.`, 'Omit --initial-access-token.');
  }
  return mcp === undefined ? (vendor ?? 'CustomOauth2') : 'CustomOauth2';
}

/** Registers the client at the authorization server, with the callback URL of the provider. */
async function byRegistration(
  context: CliContext,
  service: Service,
  target: Target,
  { initialAccessToken, clientName }: Pick<ConnectFlags, 'initialAccessToken' | 'clientName'>,
): Promise<Connected | undefined> {
  const { oauthDiscovery } = serverMembers(target.vendor, target.flags) as {
    oauthDiscovery: { discoveryUrl: string };
  };
  const metadata = await serverMetadata(service, oauthDiscovery.discoveryUrl, target.name);
  if (!registersClients(metadata)) return undefined;
  const token = initialAccessToken ? await readSecret(context, 'initial access token') : undefined;
  const unfinished = await createUnfinished(service, target);
  const provider = await orDelete(context, service, target, async () => {
    const requested = { redirectUri: unfinished.callbackUrl, initialAccessToken: token, clientName };
    const client = await register(service, metadata, requested);
    try {
      return await finish(service, target, clientMembers(client));
    } catch (error) {
      await unregister(service, client);
      throw error;
    }
  });
  return { provider, isRegistered: true };
}

/** Prints the callback URL and how to register it, opens the vendor's page, and asks for the client. */
async function byPerson(
  context: CliContext,
  service: Service,
  target: Target,
  { noBrowser }: Pick<ConnectFlags, 'noBrowser'>,
): Promise<Connected> {
  const { vendor } = target;
  const unfinished = await createUnfinished(service, target);
  const provider = await orDelete(context, service, target, async () => {
    printAside(
      context,
      'Register an app at the vendor, with this callback URL:',
      `  ${unfinished.callbackUrl}`,
      ...registrationOf(vendor).flatMap(([label, text]) =>
        text === undefined ? [] : [`  ${label}: ${text}`],
      ),
    );
    const page = pageOf(vendor);
    if (page !== undefined && !noBrowser) await context.openBrowser(page);
    let clientId = await ask(context, 'Client ID');
    let clientSecret = await readSecret(context, 'client secret');
    const client = () => ({
      clientId,
      clientSecret,
      ...(isCustom(vendor) && { clientAuthenticationMethod: 'CLIENT_SECRET_BASIC' }),
    });
    return untilAccepted(context, () => finish(service, target, client()), {
      rejected: ({ fields }) =>
        fields.flatMap(({ name }) =>
          name.endsWith('.clientId')
            ? ['id' as const]
            : name.endsWith('.clientSecret')
              ? ['secret' as const]
              : [],
        ),
      askAgain: async (answer) => {
        if (answer === 'id') clientId = await ask(context, 'Client ID');
        else clientSecret = await readSecret(context, 'client secret');
      },
    });
  });
  return { provider, isRegistered: false };
}

/** @throws CliError if there is no person who could register the client */
function rejectWithoutTerminal(context: CliContext, vendor: VendorName): void {
  if (isInteractive(context)) return;
  const what = isCustom(vendor)
    ? 'The authorization server registers no clients'
    : `A person registers the client of ${vendor}`;
  throw usageError(
    `${what}, and there is no terminal for questions.`,
    'Register one at the vendor, set --client-id, and write its secret to stdin.',
  );
}

async function createConnected(
  context: CliContext,
  service: Service,
  name: string,
  flags: ConnectFlags & { readonly vendor: VendorName },
): Promise<Connected> {
  const { vendor, mcp, clientId, issuer, tenantId, initialAccessToken } = flags;
  const discoveryUrl = mcp === undefined ? flags.discoveryUrl : mcpDiscoveryUrl(mcp, flags);
  const client = { clientId, issuer, discoveryUrl, tenantId };
  if (mcp !== undefined || clientId !== undefined) {
    const draft = { ...client, name };
    await createOauth2(context, service, draft, {
      vendor,
      public: false,
      mcp,
      initialAccessToken,
    });
    // The response of the creation does not have the vendor.
    return { provider: await getProvider(service, name), isRegistered: false };
  }
  checkOptions(vendor, client);
  if (missingServerOption(vendor, client) !== undefined) {
    throw usageError(isCustom(vendor) ? 'Set --issuer, or --discovery-url.' : `${vendor} needs --issuer.`);
  }
  const target = { name, vendor, flags: client };
  const connected = isCustom(vendor) ? await byRegistration(context, service, target, flags) : undefined;
  if (connected) return connected;
  if (initialAccessToken) {
    throw usageError('The authorization server registers no clients.', 'Omit --initial-access-token.');
  }
  rejectWithoutTerminal(context, vendor);
  return byPerson(context, service, target, flags);
}

/** What a check cannot know of a client, this command knows if it has just registered the client. */
const known = ({ status, check, detail, action }: Check, { provider, isRegistered }: Connected): Check => {
  if (status !== 'todo' || !isRegistered)
    return { status, check, detail, ...(action !== undefined && { action }) };
  return ok(
    check,
    check === 'client'
      ? `${detail} (registered by this command)`
      : `${provider.callbackUrl} is that of the client`,
  );
};

const AGENT_OPTIONS = { name: '--agent', allowedResourceOauth2ReturnUrls: '--return-url' } as const;

/** Creates the agent if there is none. */
async function withAgent(
  context: CliContext,
  service: Service,
  { agent, flow, returnUrl = LOCAL_RETURN_URL }: ConnectFlags & { readonly agent: string },
): Promise<void> {
  const found = await orUndefined(
    namingOptions(AGENT_OPTIONS, () => service.call<object>(OPERATIONS.GetWorkloadIdentity, { name: agent })),
  );
  if (found) return;
  const urls = flow === 'user' ? { allowedResourceOauth2ReturnUrls: [returnUrl] } : {};
  await namingOptions(AGENT_OPTIONS, () =>
    service.call<object>(OPERATIONS.CreateWorkloadIdentity, { name: agent, ...urls }),
  );
  printAside(
    context,
    flow === 'user'
      ? `The agent "${agent}" is created, with the return URL ${returnUrl}.`
      : `The agent "${agent}" is created.`,
  );
}

function printProvider(context: CliContext, { provider, isRegistered }: Connected): void {
  const { clientId, clientRegistration } = configOf(provider);
  printFields(context, [
    ['Provider', provider.name],
    ['ARN', provider.credentialProviderArn],
    ['Client ID', clientId],
    ['Callback URL', provider.callbackUrl],
  ]);
  if (!isRegistered && clientRegistration === undefined) {
    const { console, callback } = VENDOR_SETUP[provider.credentialProviderVendor as VendorName];
    printAside(context, `The callback URL must be registered at the vendor: ${console} > ${callback}.`);
  }
}

/** Gets a first token, as `token get` does. The provider stays if that fails. */
async function firstToken(
  context: CliContext,
  service: Service,
  provider: Oauth2Provider,
  flags: ConnectFlags & { readonly agent: string },
): Promise<{ readonly agent: string; readonly consented: boolean }> {
  try {
    await withAgent(context, service, flags);
    const { consented } = await obtain(context, service, {
      ...flags,
      provider: provider.name,
      userToken: false,
      force: false,
    });
    return { agent: flags.agent, consented };
  } catch (error) {
    if (error instanceof CliError) {
      printAside(
        context,
        `The provider "${provider.name}" is created, and there is no token yet. To try again: ${tokenCommand(provider)}`,
      );
    }
    throw error;
  }
}

export const connect = buildCommand({
  docs: {
    brief: 'Connect a vendor, an authorization server, or an MCP server',
    fullDescription: [
      'Creates a credential provider, has its client registered, checks it, and gets a first token.',
      'With --issuer, registers the client at the authorization server (RFC 7591); --initial-access-token reads a token for that.',
      'With --mcp, the service provides the client, as in provider add.',
      "With --vendor, prints the callback URL, opens the vendor's page, and asks for the client that you register there.",
      'With --client-id, uses a client that is registered already. Its secret is read from stdin, or typed.',
      'If the client cannot be registered, deletes the provider again.',
      'With --agent and --user-id, gets a token as token get does. An agent that does not exist is created.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      vendor: {
        kind: 'parsed',
        optional: true,
        brief: 'Vendor; see agent-identity provider guide',
        ...VENDOR_PARAMETER,
      },
      issuer: CLIENT_FLAGS.issuer,
      discoveryUrl: CLIENT_FLAGS.discoveryUrl,
      tenantId: CLIENT_FLAGS.tenantId,
      mcp: MCP_FLAG,
      clientId: CLIENT_FLAGS.clientId,
      initialAccessToken: {
        ...INITIAL_ACCESS_TOKEN_FLAG,
        brief: 'Read a token with which the authorization server registers the client',
      },
      clientName: optionalText('text', 'Name of the client that is registered at the issuer, for its users'),
      agent: optionalText('name', 'Agent that gets the first token; created if there is none'),
      userId: optionalText('ID', 'User of the first token'),
      scope: optionalTexts('scope', 'Scope of the first token; set the option again for each further scope'),
      flow: {
        kind: 'enum',
        values: ['user', 'agent'],
        default: 'user',
        brief: 'Access of the user, or of the agent itself',
      },
      returnUrl: optionalText('URL', 'Return URL of the agent (default: its first one on this computer)'),
      noBrowser: flag('Do not open a browser'),
    },
    positional: { kind: 'tuple', parameters: [PROVIDER_NAME] },
  },
  async func(this: CliContext, flags: ConnectFlags, name: string) {
    const vendor = vendorOfOptions(flags);
    const service = await connectTo(this, flags);
    const connected = await createConnected(this, service, name, { ...flags, vendor });
    const { provider } = connected;
    if (!flags.json) printProvider(this, connected);
    const checks = (await checkProvider(service, provider)).map((check) => known(check, connected));
    if (!flags.json) printChecks(this, checks);
    const { agent } = flags;
    const failed = hasFailed(checks);
    const token =
      failed || agent === undefined
        ? undefined
        : await firstToken(this, service, provider, { ...flags, agent });
    if (flags.json) printJson(this, { provider, checks, ...(token && { token }) });
    else if (token) {
      print(
        this,
        `The agent "${token.agent}" has a token for "${name}". To print it, run agent-identity token get with --show-token.`,
      );
    }
    if (failed) {
      printAside(
        this,
        `The provider "${name}" stays. Change it with agent-identity provider update, or delete it.`,
      );
      throw checkFailed();
    }
    if (!token && !flags.json) printAside(this, `To obtain a token, run ${tokenCommand(provider)}.`);
  },
});
