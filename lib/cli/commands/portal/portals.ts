/** Consent portals of the caller: how a person names them, and how the service verifies them. */
import { OPERATIONS } from '../../../../lambda/contract/operations';
import type { CliContext } from '../../context';
import { CliError, ServiceFailure, usageError } from '../../failure';
import { isoTime, printAside, printFields, printJson, progress } from '../../output';
import { allPages, wait, type Service } from '../../service';
import type { Branding, Connection, SignIn } from './config';

/** What listings have. */
export interface PortalSummary {
  readonly consentPortalArn: string;
  readonly consentPortalId: string;
  readonly name: string;
  readonly description?: string;
  readonly status: string;
  readonly sources: readonly { readonly identifier: string }[];
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
  const found = (await listPortals(service)).filter(({ name, consentPortalId, consentPortalArn }) =>
    [name, consentPortalId, consentPortalArn].includes(named),
  );
  const [first, second] = found;
  if (!first) {
    throw new ServiceFailure('ResourceNotFoundException', 404, {
      fault: `You have no consent portal "${named}".`,
      next: 'Run agent-identity portal list for the names.',
    });
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

const isUnverified = ({ status }: PortalSummary): boolean => status === 'CREATING' || status === 'UPDATING';

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

const described = ({ workloadName, credentialProviderName, scopes, purpose }: Connection): string =>
  [
    [workloadName, credentialProviderName, ...scopes].join(' '),
    ...(purpose === undefined ? [] : [purpose]),
  ].join(' -- ');

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
    ['Agents', portal.sources.map(({ identifier }) => identifier).join(' ')],
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

/** Says what to do next with a portal that is ACTIVE. @throws CliError for another portal, whose pages do not work */
function checkActive(context: CliContext, { name, status, statusReason }: Portal): void {
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
          `Correct the cause, or name other resources with agent-identity portal update ${name}. Then run: agent-identity portal verify ${name}`,
        ]),
  );
}

/** Waits for the verification, prints the portal, and says what comes next. */
export async function conclude(
  context: CliContext,
  service: Service,
  begun: PortalSummary,
  { json }: { readonly json: boolean },
): Promise<void> {
  const portal = await verified(context, service, begun);
  showPortal(context, portal, { json });
  checkActive(context, portal);
}
