/** `agent-identity provider add`: from options, and on a terminal by questions, which it repeats after a mistake. */
import { VENDOR_NAMES, type VendorName } from '../../../../lambda/model/provider/vendor-names';
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../lambda/operations';
import { vendorOf } from '../../../../lambda/domain/provider/vendors';
import { CONNECTION_FLAGS, flag, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { untilAccepted } from '../../corrections';
import { CliError, usageError, type ServiceFailure } from '../../failure';
import { nameTaken } from '../../name-taken';
import { namingOptions } from '../../option-names';
import { plainUrl } from '../../plain-url';
import { printAside, printFields, printJson } from '../../output';
import { ask, isInteractive, readSecret } from '../../prompt';
import { clientFields, configOf, type Oauth2Provider } from './provider';
import {
  apiKeyMembers,
  checkOptions,
  checkRegistration,
  CLIENT_FLAGS,
  clientSecretMembers,
  INITIAL_ACCESS_TOKEN_FLAG,
  isCustom,
  MCP_FLAG,
  mcpDiscoveryUrl,
  memberOptions,
  missingServerOption,
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
import { PROVIDER_NAME } from './lookup';
import { checkCommand } from './on-behalf-of';
import { connect, type Service } from '../../service';
import { VENDOR_SETUP } from './vendor-setup';
import { registrationOf, shortName, VENDOR_PARAMETER, vendorNamed } from './vendors';

interface AddFlags extends ConnectionFlags, ClientFlags, SecretFlags, RegistrationFlags {
  readonly vendor?: VendorName;
  readonly apiKey: boolean;
  readonly public: boolean;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What the provider will be: options and answers. A rejected answer is replaced, and the others stay. */
export type Draft = Writable<ClientFlags> & SecretFlags & { name: string; secret?: string };

const QUESTIONS = {
  name: 'Name of the provider',
  clientId: 'Client ID',
  discoveryUrl: 'Discovery URL',
  issuer: "Issuer of the vendor's tenant (URL)",
  authorizationEndpoint: 'Authorization endpoint (URL)',
  tokenEndpoint: 'Token endpoint (URL)',
  tenantId: 'Microsoft Entra tenant',
} as const;

type Question = keyof typeof QUESTIONS;

const OPTIONS: Partial<Record<Question, string>> = {
  clientId: '--client-id',
  discoveryUrl: '--issuer, or --discovery-url',
  issuer: '--issuer',
};

/** Asks for what the options do not state. */
async function complete(context: CliContext, draft: Draft, question: Question, next?: string): Promise<void> {
  if (draft[question] !== undefined) return;
  if (!isInteractive(context)) throw usageError(`Set ${OPTIONS[question] ?? question}.`, next);
  draft[question] = await ask(context, QUESTIONS[question]);
}

const API_KEY = 'api-key';

/** Returns the vendor, or undefined for an API key. Asks again for a vendor that does not exist. */
async function askVendor(context: CliContext): Promise<VendorName | undefined> {
  if (!isInteractive(context)) throw usageError('Set --vendor, or --api-key for an API key.');
  printAside(context, `Vendors: ${VENDOR_NAMES.map(shortName).join(', ')}; ${API_KEY} for an API key`);
  for (;;) {
    const answer = await ask(context, 'Vendor');
    if (answer === API_KEY) return undefined;
    try {
      return vendorNamed(answer);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      printAside(context, error.message);
    }
  }
}

/** The answers that a member of the request comes from. */
const ANSWERS: Readonly<Record<string, Question | 'secret'>> = {
  name: 'name',
  clientId: 'clientId',
  clientSecret: 'secret',
  apiKey: 'secret',
  discoveryUrl: 'discoveryUrl',
  oauthDiscovery: 'discoveryUrl',
  issuer: 'issuer',
  authorizationEndpoint: 'authorizationEndpoint',
  tokenEndpoint: 'tokenEndpoint',
  tenantId: 'tenantId',
};

/** Returns the answers that the service rejects. */
function rejectedAnswers({ type, fields }: ServiceFailure): (Question | 'secret')[] {
  if (type === 'ConflictException') return ['name'];
  return fields.flatMap(({ name }) => ANSWERS[name.split('.').at(-1) ?? ''] ?? []);
}

/**
 * Sends the request until the service accepts it, or the person stops.
 *
 * @param notAsked questions that no answer of the person corrects
 */
const created = <Output>(
  context: CliContext,
  draft: Draft,
  { secretName, notAsked = [] }: { readonly secretName: string; readonly notAsked?: readonly Question[] },
  request: () => Promise<Output>,
): Promise<Output> =>
  untilAccepted(context, request, {
    rejected: (failure) =>
      rejectedAnswers(failure).filter((answer) => !notAsked.some((question) => question === answer)),
    askAgain: async (answer) => {
      if (answer === 'secret') draft.secret = await readSecret(context, secretName);
      else draft[answer] = await ask(context, QUESTIONS[answer]);
    },
  });

async function addApiKey(
  context: CliContext,
  service: Service,
  draft: Draft,
  { json }: { readonly json: boolean },
): Promise<void> {
  if (draft.clientId !== undefined) {
    throw usageError('An API key has no vendor and no client: omit --vendor and --client-id.');
  }
  const reference = secretReference(draft);
  if (!reference) draft.secret = await readSecret(context, 'API key');
  const output = await created(context, draft, { secretName: 'API key' }, () =>
    namingOptions(
      memberOptions({ mcp: undefined }),
      () =>
        service.call<{ name: string; credentialProviderArn: string }>(
          OPERATIONS.CreateApiKeyCredentialProvider,
          { name: draft.name, ...apiKeyMembers(reference, draft.secret) },
        ),
      (failure) => nameTaken(failure, 'provider'),
    ),
  );
  if (json) {
    printJson(context, output);
    return;
  }
  printFields(context, [
    ['Provider', output.name],
    ['ARN', output.credentialProviderArn],
  ]);
}

/** @throws CliError for an option of a client that authenticates */
function checkPublic(vendor: VendorName, draft: Draft): void {
  if (!isCustom(vendor)) {
    throw usageError(`${vendor} does not take --public.`, 'Its clients have a client secret.');
  }
  const isStated = [draft.clientAuthentication, draft.kmsKey, draft.secretArn, draft.secretKey].some(
    (option) => option !== undefined,
  );
  if (isStated) {
    throw usageError(
      'A public client does not authenticate, and for a client that the service provides, the service chooses the method.',
      'Set --client-id without --public, or omit --client-authentication, --kms-key, --secret-arn, and --secret-key.',
    );
  }
}

type Oauth2Flags = Pick<AddFlags, 'public' | 'mcp' | 'initialAccessToken'> & { readonly vendor: VendorName };

/** Whether the service provides a client at the authorization server of an MCP server. */
const isProvided = (draft: Draft, { mcp }: Pick<Oauth2Flags, 'mcp'>): boolean =>
  mcp !== undefined && draft.clientId === undefined;

/** Creates an OAuth 2.0 provider, and asks for what the options do not state. */
export async function createOauth2(
  context: CliContext,
  service: Service,
  draft: Draft,
  flags: Oauth2Flags,
): Promise<Oauth2Provider> {
  const { vendor, public: isPublic } = flags;
  checkOptions(vendor, draft);
  if (isPublic) checkPublic(vendor, draft);
  if (isInteractive(context) && draft.clientId === undefined && flags.mcp === undefined) {
    printAside(
      context,
      'Register an app at the vendor first. If it needs a callback URL now, enter any URL and replace it afterwards.',
    );
    for (const [label, value] of registrationOf(vendor)) {
      if (value !== undefined) printAside(context, `  ${label}: ${value}`);
    }
  }
  const needs = isCustom(vendor)
    ? 'A custom server needs --client-id, --issuer or --discovery-url, and the client secret on stdin or --public. For an MCP server, set --mcp instead.'
    : undefined;
  const isRegistered = isProvided(draft, flags);
  if (isRegistered && isPublic) {
    throw usageError(
      'Without --client-id, the service provides the client of an MCP server, and chooses the method.',
      'Omit --public, or set --client-id.',
    );
  }
  if (isRegistered) checkPublic(vendor, draft);
  else if (draft.clientAuthentication !== 'AWS_IAM_ID_TOKEN_JWT')
    await complete(context, draft, 'clientId', needs);
  const missing = missingServerOption(vendor, draft);
  if (missing !== undefined) await complete(context, draft, missing, needs);
  const reference = secretReference(draft);
  if (!reference && !isPublic && !isRegistered && needsSecret(draft.clientAuthentication)) {
    draft.secret = await readSecret(context, 'client secret');
  }
  const registration = await registrationMembers(context, flags);
  // The URL of the MCP server is an option, and so is a client that its authorization server does not register.
  const notAsked: readonly Question[] =
    flags.mcp === undefined ? [] : isRegistered ? ['discoveryUrl', 'clientId'] : ['discoveryUrl'];
  const create = () =>
    service.call<Oauth2Provider>(OPERATIONS.CreateOauth2CredentialProvider, {
      name: draft.name,
      credentialProviderVendor: vendor,
      oauth2ProviderConfigInput: {
        [vendorOf(vendor).configMember]: {
          ...serverMembers(vendor, draft),
          ...(draft.clientId !== undefined && { clientId: draft.clientId }),
          ...clientSecretMembers(reference, draft.secret),
          ...registration,
        },
      },
    });
  return created(context, draft, { secretName: 'client secret', notAsked }, () =>
    namingOptions(
      memberOptions({ ...draft, mcp: flags.mcp }),
      create,
      (failure) =>
        nameTaken(failure, 'provider') ?? registrationHint(failure) ?? requestedUrl(failure, flags),
    ),
  );
}

async function addOauth2(
  context: CliContext,
  service: Service,
  draft: Draft,
  flags: Oauth2Flags & Pick<AddFlags, 'json'>,
): Promise<void> {
  const { vendor, json } = flags;
  const isRegistered = isProvided(draft, flags);
  const output = await createOauth2(context, service, draft, flags);
  if (json) {
    printJson(context, output);
    return;
  }
  printFields(context, [
    ['Provider', output.name],
    ['ARN', output.credentialProviderArn],
    ...clientFields(output, { clientId: isRegistered, callbackUrl: true }),
  ]);
  if (isRegistered) {
    printAside(
      context,
      configOf(output).clientRegistration === 'METADATA_DOCUMENT'
        ? 'The authorization server reads the client at its client ID, a document of the service.'
        : 'The client is registered at the authorization server.',
      `Check the provider: agent-identity provider test ${output.name}`,
    );
    return;
  }
  const { console, callback } = VENDOR_SETUP[vendor];
  const { issuer } = draft;
  const registered = `the callback URL at the vendor: ${console} > ${callback}.`;
  if (flags.mcp === undefined && issuer !== undefined && /\/(mcp|sse)\/?$/.test(issuer)) {
    printAside(
      context,
      `If ${issuer} is the URL of an MCP server, this provider cannot work, because an MCP server names its authorization server. Delete it: agent-identity provider delete ${output.name}`,
      `Then create it again: agent-identity provider add ${output.name} --mcp ${plainUrl(issuer) ?? 'URL'}`,
      `Otherwise, register ${registered}`,
    );
  } else {
    printAside(context, `Register ${registered}`);
  }
  printAside(context, `Then check the provider: ${checkCommand(output)}`);
}

export const add = buildCommand({
  docs: {
    brief: 'Create a credential provider',
    fullDescription: [
      'Creates a credential provider: the OAuth client ("app") that you registered at a vendor, or an API key.',
      'The client secret or the API key is read from stdin, or typed. It is never an argument, which others can read.',
      'On a terminal, the command explains the registration, asks for what is missing, and asks again after a mistake.',
      'For an MCP server (--mcp), the service finds the authorization server, and requests tokens for the MCP server alone.',
      'With --authorization-server, the MCP server must name this issuer.',
      'Without --client-id, it also provides the client there: by a client ID metadata document, or by registration. If the server requires it, --initial-access-token reads a token for the registration.',
      'Afterwards, register the printed callback URL at the vendor.',
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
      ...CLIENT_FLAGS,
      ...SECRET_FLAGS,
      apiKey: flag('Create a provider of an API key'),
      mcp: MCP_FLAG,
      initialAccessToken: INITIAL_ACCESS_TOKEN_FLAG,
      public: flag('The client has no secret (only custom servers)'),
    },
    positional: {
      kind: 'tuple',
      parameters: [PROVIDER_NAME],
    },
  },
  async func(this: CliContext, flags: AddFlags, name: string) {
    const { vendor: stated, apiKey, json, public: isPublic } = flags;
    if (apiKey && isPublic) throw usageError('An API key has no client: omit --public.');
    if (apiKey && stated !== undefined) {
      throw usageError('An API key has no vendor and no client: omit --vendor and --client-id.');
    }
    // Before the questions, so that no answer is lost if there is no endpoint or no Region.
    const service = await connect(this, flags);
    if (apiKey && flags.mcp !== undefined) throw usageError('An API key has no MCP server: omit --mcp.');
    checkRegistration(flags);
    const discoveryUrl = flags.mcp === undefined ? flags.discoveryUrl : mcpDiscoveryUrl(flags.mcp, flags);
    const draft: Draft = { ...flags, discoveryUrl, name };
    const implied = flags.mcp === undefined ? stated : ('CustomOauth2' as const);
    const vendor = apiKey ? undefined : (implied ?? (await askVendor(this)));
    if (vendor === undefined) await addApiKey(this, service, draft, { json });
    else await addOauth2(this, service, draft, { ...flags, vendor });
  },
});
