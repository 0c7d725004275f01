/** `agent-identity portal`: consent portals, on which users see and disconnect what their agents can reach. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { OPERATIONS } from '../../../../lambda/contract/operations';
import { CONNECTION_FLAGS, flag, optionalText, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { usageError } from '../../failure';
import { print, printAside, printJson, printTable } from '../../output';
import {
  addressOf,
  checkActive,
  findPortal,
  listPortals,
  printPortal,
  verified,
  type Portal,
  type PortalSummary,
} from './portals';
import { ask, confirmOrCancel, isInteractive } from '../../prompt';
import { getProvider } from '../provider/checks';
import { connect, type Service } from '../../service';

const PORTAL = { brief: 'Name, ID, or ARN of the portal', parse: String, placeholder: 'portal' } as const;

const ONE_PORTAL = {
  flags: CONNECTION_FLAGS,
  positional: { kind: 'tuple', parameters: [PORTAL] },
} as const;

const severalTexts = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse: String, variadic: true, optional: true, placeholder, brief }) as const;

interface AddFlags extends ConnectionFlags {
  readonly agent?: readonly string[];
  readonly signIn?: string;
  readonly scope?: readonly string[];
  readonly description?: string;
}

/** Returns the words that the option has, or that the person types. */
async function words(
  context: CliContext,
  stated: readonly string[] | undefined,
  { option, question }: { readonly option: string; readonly question: string },
): Promise<readonly string[]> {
  if (stated && stated.length > 0) return stated;
  if (!isInteractive(context)) throw usageError(`Set ${option}.`);
  return (await ask(context, question)).split(/[\s,]+/).filter(Boolean);
}

/** Returns the only word of an answer. */
async function word(
  context: CliContext,
  stated: string | undefined,
  asked: { readonly option: string; readonly question: string },
): Promise<string> {
  const [first = '', ...others] = await words(context, stated === undefined ? [] : [stated], asked);
  if (others.length > 0) throw usageError(`There can be only one answer to "${asked.question}".`);
  return first;
}

/** Returns the ARN of the provider. Another owner's provider has one too, but only its owner can read it by name. */
const providerArn = async (service: Service, named: string): Promise<string> =>
  named.startsWith('arn:') ? named : (await getProvider(service, named)).credentialProviderArn;

/**
 * Returns a role of the account of the service, which the API requires. The service stores it and never uses it, so it
 * gives no rights, and the role need not exist.
 */
function unusedRole(arn: string): string {
  const [, partition = '', , , account = ''] = arn.split(':');
  return `arn:${partition}:iam::${account}:role/consent-portal`;
}

/** Waits for the verification, prints the portal, and says what comes next. */
async function conclude(
  context: CliContext,
  service: Service,
  begun: PortalSummary,
  { json }: { readonly json: boolean },
): Promise<void> {
  const portal = await verified(context, service, begun);
  if (json) printJson(context, portal);
  else printPortal(context, portal);
  checkActive(context, portal);
}

const add = buildCommand({
  docs: {
    brief: 'Create a consent portal',
    fullDescription: [
      'Creates a consent portal for your agents, and waits until the service has verified it.',
      'On a terminal, the command asks for what is missing. Afterwards, register the printed redirect URI.',
      'The agents and the sign-in provider must exist. The portal acts with your rights.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      agent: severalTexts('name', 'Agent of the portal; set the option again for each further agent'),
      signIn: optionalText('name', 'OAuth 2.0 credential provider by which users sign in, or its ARN'),
      scope: severalTexts(
        'scope',
        'Scope of the sign-in, in addition to openid; set the option again for each further scope',
      ),
      description: optionalText('text', 'Description for the owner of the portal'),
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Name of the portal', parse: String, placeholder: 'name', optional: true }],
    },
  },
  async func(this: CliContext, flags: AddFlags, stated?: string) {
    const service = await connect(this, flags);
    const name = await word(this, stated, {
      option: 'the name of the portal',
      question: 'Name of the portal',
    });
    const agents = await words(this, flags.agent, {
      option: '--agent',
      question: 'Agents (names, separated by spaces)',
    });
    const signIn = await word(this, flags.signIn, {
      option: '--sign-in',
      question: 'Credential provider of the sign-in',
    });
    const scopes = await words(this, flags.scope, {
      option: '--scope',
      question: 'Scopes of the sign-in (such as profile)',
    });
    const credentialProviderArn = await providerArn(service, signIn);
    const { description } = flags;
    const begun = await service.call<PortalSummary>(OPERATIONS.CreateConsentPortal, {
      name,
      executionRoleArn: unusedRole(credentialProviderArn),
      idpConfig: { credentialProviderArn, scopes },
      sources: agents.map((identifier) => ({ type: 'workload-identity', identifier })),
      ...(description !== undefined && { description }),
    });
    await conclude(this, service, begun, flags);
  },
});

const verify = buildCommand({
  docs: {
    brief: 'Verify a consent portal again',
    fullDescription:
      'Has the service verify a portal again whose verification failed or ended with a warning, and waits for the result. A portal that works without a warning stays as it is.',
  },
  parameters: ONE_PORTAL,
  async func(this: CliContext, flags: ConnectionFlags, named: string) {
    const service = await connect(this, flags);
    const { consentPortalId } = await findPortal(service, named);
    const begun = await service.call<PortalSummary>(OPERATIONS.UpdateConsentPortal, {
      consentPortalIdentifier: consentPortalId,
    });
    await conclude(this, service, begun, flags);
  },
});

const get = buildCommand({
  docs: { brief: 'Show a consent portal' },
  parameters: ONE_PORTAL,
  async func(this: CliContext, flags: ConnectionFlags, named: string) {
    const service = await connect(this, flags);
    const { consentPortalId } = await findPortal(service, named);
    const portal = await service.call<Portal>(OPERATIONS.GetConsentPortal, {
      consentPortalIdentifier: consentPortalId,
    });
    if (flags.json) printJson(this, portal);
    else printPortal(this, portal);
  },
});

const list = buildCommand({
  docs: { brief: 'List your consent portals' },
  parameters: { flags: CONNECTION_FLAGS },
  async func(this: CliContext, flags: ConnectionFlags) {
    const service = await connect(this, flags);
    const consentPortals = await listPortals(service);
    if (flags.json) {
      printJson(this, { consentPortals });
      return;
    }
    if (consentPortals.length === 0) {
      printAside(this, 'You have no consent portals. Create one with agent-identity portal add NAME.');
      return;
    }
    printTable(
      this,
      ['NAME', 'STATUS', 'URL'],
      consentPortals.map((portal) => [portal.name, portal.status, addressOf(portal)]),
    );
  },
});

interface DeleteFlags extends ConnectionFlags {
  readonly yes: boolean;
}

const remove = buildCommand({
  docs: {
    brief: 'Delete a consent portal',
    fullDescription:
      'Deletes a portal. Its pages and sessions end. Agents keep the connections of the users.',
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, yes: flag('Delete without a question') },
    positional: ONE_PORTAL.positional,
  },
  async func(this: CliContext, flags: DeleteFlags, named: string) {
    const service = await connect(this, flags);
    const { name, consentPortalId } = await findPortal(service, named);
    await confirmOrCancel(this, {
      yes: flags.yes,
      question: `Its pages end, and a new portal has another URL. Agents keep their connections. Delete the consent portal "${name}"?`,
      done: 'deleted',
    });
    await service.call(OPERATIONS.DeleteConsentPortal, { consentPortalIdentifier: consentPortalId });
    if (flags.json) printJson(this, { name, consentPortalId, deleted: true });
    else print(this, `The consent portal "${name}" is deleted.`);
  },
});

export const portal = buildRouteMap({
  routes: { add, get, list, verify, delete: remove },
  docs: { brief: 'Consent portals: create, show, list, verify, and delete them' },
});
