/** Consent portals of the caller: how a person names them, and how the service verifies them. */
import { OPERATIONS } from '../../../../lambda/operations';
import type { CliContext } from '../../context';
import { CliError, usageError } from '../../failure';
import { notFound } from '../../not-found';
import { isoTime, printAside, printFields, printJson, progress } from '../../output';
import { allPages, wait, type Service } from '../../service';
import { audienceCommand } from './audience-command';
import type { Branding, Connection, SignIn, Source } from './config';

/** What listings have. */
export interface PortalSummary {
  readonly consentPortalArn: string;
  readonly consentPortalId: string;
  readonly name: string;
  readonly description?: string;
  readonly status: string;
  readonly sources: readonly Source[];
  readonly portalUrl: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Portal extends PortalSummary {
  readonly statusReason?: string;
  readonly idpConfig: SignIn;
  readonly branding?: Branding;
  readonly connections?: readonly Connection[];
}

export const ONE_PORTAL = {
  kind: 'tuple',
  parameters: [{ brief: 'Name, ID, or ARN of the portal', parse: String, placeholder: 'portal' }],
} as const;

export const listPortals = (service: Pick<Service, 'call'>): Promise<PortalSummary[]> =>
  allPages<PortalSummary>(service, OPERATIONS.ListConsentPortals, 'consentPortals');

/**
 * Returns the portal that a person names by its name, its ID, or its ARN.
 *
 * @throws CliError if the caller has no such portal, or if the text is the name of one and the ID of another
 */
export async function findPortal(service: Pick<Service, 'call'>, named: string): Promise<PortalSummary> {
  const portals = await listPortals(service);
  const found = portals.filter(({ name, consentPortalId, consentPortalArn }) =>
    [name, consentPortalId, consentPortalArn].includes(named),
  );
  const [first, second] = found;
  if (!first) {
    const names = portals.map(({ name }) => name);
    throw notFound('You have no consent portal', named, { names, list: 'portal list' });
  }
  if (second) {
    throw usageError(
      `"${named}" is the name of one consent portal, and the ID of another.`,
      `Use an ARN: ${found.map(({ consentPortalArn }) => consentPortalArn).join(' or ')}`,
    );
  }
  return first;
}

export const getPortal = (service: Pick<Service, 'call'>, consentPortalId: string): Promise<Portal> =>
  service.call<Portal>(OPERATIONS.GetConsentPortal, { consentPortalIdentifier: consentPortalId });

/** Returns the URL of the pages. In the API, it has no scheme, unless the service is on this computer. */
export const addressOf = ({ portalUrl }: PortalSummary): string =>
  /^https?:\/\//.test(portalUrl) ? portalUrl : `https://${portalUrl}`;

/** Most verifications take less than a second. With these delays, the command waits for 2 minutes. */
const MAX_POLLS = 64;
const pollDelay = (poll: number): number => Math.min(2_000, 100 * 2 ** poll);

export const isUnverified = ({ status }: PortalSummary): boolean =>
  status === 'CREATING' || status === 'UPDATING';

/** Returns the portal after its verification. @throws CliError if the verification takes too long */
async function verified(
  context: CliContext,
  service: Pick<Service, 'call'>,
  { consentPortalId, name }: PortalSummary,
): Promise<Portal> {
  const { show, end } = progress(context);
  try {
    for (let poll = 0; poll < MAX_POLLS; poll += 1) {
      const portal = await getPortal(service, consentPortalId);
      if (!isUnverified(portal)) return portal;
      show('Verifying the portal … (Ctrl-C ends the command, and not the verification)');
      await wait(pollDelay(poll));
    }
  } finally {
    end();
  }
  throw new CliError(`The service has not verified the consent portal "${name}" yet.`, {
    next: `Run agent-identity portal get ${name} for its status.`,
  });
}

/** Returns the kind of image. */
const imageType = (dataUrl: string): string => dataUrl.slice('data:'.length).split(';')[0] ?? '';

/** Returns which words of the connection are scopes, and which are the purpose. */
const described = ({ workloadName, credentialProviderName, scopes, purpose }: Connection): string =>
  [
    `${workloadName} ${credentialProviderName}`,
    scopes.length > 0 ? `scopes: ${scopes.join(', ')}` : 'no scopes',
    purpose === undefined ? 'no purpose' : `purpose: ${purpose}`,
  ].join('; ');

/** Says how to state the purpose of a connection, if one of its words can have been taken for a scope. */
function explainPurpose(context: CliContext, connections: readonly Connection[]): void {
  if (!connections.some(({ scopes, purpose }) => scopes.length > 1 && purpose === undefined)) return;
  printAside(
    context,
    'A connection has several scopes and no purpose. To state a purpose, write it after --: --connection "AGENT PROVIDER SCOPE... -- PURPOSE"',
  );
}

/** Returns the identifiers of the sources of a type; undefined if there are none. */
const identifiersOf = ({ sources }: Portal, type: Source['type']): string | undefined =>
  sources
    .filter((source) => source.type === type)
    .map(({ identifier }) => identifier)
    .join(' ') || undefined;

/** Prints the portal for people. */
function printPortal(context: CliContext, portal: Portal): void {
  const { idpConfig, branding = {}, connections = [] } = portal;
  printFields(context, [
    ['Portal', portal.name],
    ['ID', portal.consentPortalId],
    ['ARN', portal.consentPortalArn],
    ['Description', portal.description],
    ['URL', addressOf(portal)],
    ['Redirect URI', `${addressOf(portal)}/callback`],
    ['Return URL', `${addressOf(portal)}/connect/callback`],
    ['Status', portal.status],
    ['Reason', portal.statusReason],
    ['Agents', identifiersOf(portal, 'workload-identity')],
    ['Gateways', identifiersOf(portal, 'agentcore-gateway')],
    ['Sign-in', idpConfig.credentialProviderArn],
    ['Scopes', idpConfig.scopes.join(' ')],
    ['Audience', idpConfig.audience],
    ['Display name', branding.name],
    ['Color', branding.color],
    ['Logo', branding.logo === undefined ? undefined : imageType(branding.logo)],
    ...connections.map((connection) => ['Connection', described(connection)] as const),
    ['Created', isoTime(portal.createdAt)],
    ['Changed', isoTime(portal.updatedAt)],
  ]);
}

export function showPortal(context: CliContext, portal: Portal, { json }: { readonly json: boolean }): void {
  if (json) printJson(context, portal);
  else printPortal(context, portal);
}

/**
 * Says what to do next with a portal that is ACTIVE.
 *
 * @param command that removes the cause of the status reason, if there is one
 * @throws CliError for another portal, whose pages do not work
 */
function checkActive(
  context: CliContext,
  { name, status, statusReason }: Portal,
  command: string | undefined,
): void {
  if (status !== 'ACTIVE') {
    throw new CliError(
      `The consent portal "${name}" exists, but its pages do not work (${status}). ${statusReason ?? 'The service states no reason.'}`,
      {
        name: 'PortalFailed',
        next: `If the portal names the wrong resources, run agent-identity portal update. Otherwise, correct the cause, and then run: agent-identity portal verify ${name}`,
      },
    );
  }
  printAside(
    context,
    'Register the redirect URI at the identity provider, for the client of the sign-in provider. Then link to the URL from your application.',
    ...(statusReason === undefined
      ? []
      : [
          `Warning: ${statusReason}`,
          ...(command === undefined ? [] : [`To add the client, run: ${command}`]),
          `Correct the cause, or name other resources with agent-identity portal update ${name}. Then run: agent-identity portal verify ${name}`,
        ]),
  );
}

/**
 * Waits for the verification, prints the portal, and says what comes next.
 *
 * @param stated.connection the connections that the options state
 */
export async function conclude(
  context: CliContext,
  service: Service,
  begun: PortalSummary,
  { json, connection = [] }: { readonly json: boolean; readonly connection?: readonly Connection[] },
): Promise<void> {
  const portal = await verified(context, service, begun);
  showPortal(context, portal, { json });
  explainPurpose(context, connection);
  checkActive(context, portal, await audienceCommand(service, portal));
}
