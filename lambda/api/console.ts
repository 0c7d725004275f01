/**
 * The routes of the console: pages for operators. A link with a one-time secret is exchanged for a session, whose secret
 * is in the path of every other page. There are no cookies: a browser would send them to each port of the host name, also
 * to those of other programs.
 */
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import * as v from 'valibot';
import { NOT_ALLOWED, type AuditFilter } from '../model/audit-line';
import { revocationId as revocationIdSchema } from '../model/operator-request';
import { userHash as userHashSchema } from '../model/request-values';
import { RevocationDescriptionSchema, type ListedSuspension } from '../model/responses';
import { selectedUserHash } from '../model/user';
import { ERROR_STATUS, ServiceError } from '../domain/service-error';
import { OPERATIONS } from '../operations';
import { auditPage, PERIODS, stepsPage, type Period } from '../pages/console-audit';
import {
  isAction,
  messagePage,
  openingPage,
  questionPage,
  revocationPage,
  type Action,
} from '../pages/console-actions';
import { renderConsole, type ConsolePage } from '../pages/console-frame';
import {
  agentPage,
  agentsPage,
  grantsPage,
  peoplePage,
  personPage,
  providerPage,
  providersPage,
  type Subject,
} from '../pages/console-lists';
import { overviewPage } from '../pages/console-overview';
import {
  entriesOf,
  list,
  overview,
  recentPeople,
  stepsOf,
  withoutListings,
  type ConsoleData,
} from './console-reads';
import { formOf, pageResult, queryOf, redirectResult } from './page-result';
import { originRejection } from './portal-forms';
import { unexpected, type ReportUnexpected } from './unexpected';

/** Path of the console. */
const CONSOLE = '/console';

/** Address of the form that opens a session, from the service's address. */
export const OPEN_PATH = `${CONSOLE}/open`;

export const LINKS_PATH = `${CONSOLE}/links`;

/** The group is not one of the service's: only an operator may create links. */
export const CONSOLE_ROUTES = [
  { method: 'POST', path: LINKS_PATH, auth: 'IAM', group: 'console' },
  { method: 'GET', path: CONSOLE, auth: 'NONE', group: 'console' },
  { method: 'GET', path: OPEN_PATH, auth: 'NONE', group: 'console' },
  { method: 'POST', path: OPEN_PATH, auth: 'NONE', group: 'console' },
  { method: 'GET', path: '/console/{session}/{page+}', auth: 'NONE', group: 'console' },
  { method: 'POST', path: '/console/{session}/{page+}', auth: 'NONE', group: 'console' },
] as const;

/** Seconds of a session. */
export const SESSION_SECONDS = 30 * 60;

/** Links with secrets that are exchanged once for a session. */
export interface ConsoleSessions {
  /** Returns the secret of a new link. */
  createLink(): string;
  /** Returns whether {@link open} would accept the link. */
  hasLink(link: string): boolean;
  /** Returns the secret of a new session; undefined if the link was opened before, has expired, or never existed. */
  open(link: string): string | undefined;
  /** Returns whether the session has begun and not ended. */
  has(session: string): boolean;
  end(session: string): void;
}

export interface ConsoleDependencies extends ConsoleData {
  readonly sessions: ConsoleSessions;
  /** Address of the service, which the pages show. */
  readonly service: string;
  /** Address of the server with these routes, without a slash at the end. */
  readonly baseUrl: string;
  readonly report: ReportUnexpected;
  /** Called with each link before an operator gets it. */
  readonly onLink: (link: string) => Promise<void>;
}

/** Returns the address that opens the console once. */
export const consoleLink = ({
  sessions,
  baseUrl,
}: Pick<ConsoleDependencies, 'sessions' | 'baseUrl'>): string =>
  `${baseUrl}${OPEN_PATH}?secret=${sessions.createLink()}`;

interface ConsoleRequest {
  readonly deps: ConsoleDependencies;
  readonly query: URLSearchParams;
}

/**
 * The path, which has the session's secret, goes only to this origin, and not to another port. With `no-referrer`, forms
 * would have no origin to check.
 */
const IN_SESSION = { referrerPolicy: 'same-origin' } as const;

/** The link's secret goes nowhere. */
const OUTSIDE = { referrerPolicy: 'no-referrer' } as const;

/** Characters of a search that are read. */
const MAX_SEARCH = 2_048;

/** Audit entries on the page of an agent, a person, or a provider. */
const MAX_SUBJECT_ENTRIES = 20;

/** Without half a character at its end, which could not be in a URL. */
const given = (query: URLSearchParams, name: string): string =>
  (query.get(name) ?? '')
    .trim()
    .slice(0, MAX_SEARCH)
    .replace(/[\uD800-\uDBFF]$/, '');

const optional = (text: string): string | undefined => (text === '' ? undefined : text);

const notFound = (): ConsolePage => messagePage(404, 'Not found', 'The console has no such page.');

const contains = (q: string) => (item: { readonly name: string }) =>
  item.name.toLowerCase().includes(q.toLowerCase());

const paging = (query: URLSearchParams) => ({ after: query.get('after') ?? undefined });

const isPeriod = (text: string): text is Period => Object.hasOwn(PERIODS, text);

async function searchAudit({ deps, query }: ConsoleRequest): Promise<ConsolePage> {
  const search = {
    agent: given(query, 'agent'),
    provider: given(query, 'provider'),
    user: given(query, 'user'),
    operation: given(query, 'operation'),
    outcome: given(query, 'outcome'),
    since: given(query, 'since'),
    live: query.has('live'),
  };
  const since = isPeriod(search.since) ? PERIODS[search.since] : undefined;
  const found = await entriesOf(deps, {
    agent: optional(search.agent),
    provider: optional(search.provider),
    operation: optional(search.operation),
    outcome: optional(search.outcome),
    ...(search.user !== '' && { user: { userHash: search.user } }),
    ...(since !== undefined && { since }),
  });
  return auditPage(search, found);
}

async function searchGrants({ deps, query }: ConsoleRequest): Promise<ConsolePage> {
  const search = {
    agent: given(query, 'agent'),
    provider: given(query, 'provider'),
    user: given(query, 'user'),
  };
  const input = {
    ...(search.agent !== '' && { workloadName: search.agent }),
    ...(search.provider !== '' && { providerName: search.provider }),
    ...(search.user !== '' && { user: { userHash: search.user } }),
  };
  const isEmpty = Object.keys(input).length === 0;
  return grantsPage(search, isEmpty ? undefined : await list(deps, 'grants', { input, ...paging(query) }));
}

/** What the last action did, and the state that it left. */
const DONE: Readonly<Record<string, { readonly text: string; readonly suspended: boolean }>> = {
  suspended: { text: 'Suspended: no token from the next request on.', suspended: true },
  resumed: { text: 'Resumed.', suspended: false },
  'still-suspended': {
    text: 'The identity provider still reports the account as suspended. Correct the account there.',
    suspended: true,
  },
};

interface SubjectQuery {
  /** Selects the grants; undefined for a provider without grants. */
  readonly input: object | undefined;
  /** Selects the audit entries. */
  readonly filter: AuditFilter;
  /** Whether a suspension is the subject's; absent if the subject cannot be suspended. */
  readonly isSuspension?: (suspension: ListedSuspension) => boolean;
}

/** Returns whether there is such a suspension, or `unknown` if there are more suspensions than a search reads. */
async function suspensionOf(
  deps: ConsoleData,
  matches: (suspension: ListedSuspension) => boolean,
): Promise<Subject['suspended']> {
  const { items, after } = await list(deps, 'suspensions', { matches, enough: 1 });
  return items.length > 0 || (after !== undefined && 'unknown');
}

/** Returns the log for a page that is about more than the log: a failure becomes a note on the page. */
const besideLog = (deps: ConsoleDependencies): ConsoleDependencies => ({
  ...deps,
  entries: () =>
    deps.entries().catch((error: unknown) => {
      if (!(error instanceof ServiceError)) deps.report(unexpected(error));
      const why = error instanceof ServiceError ? `: ${error.message}` : '.';
      return { entries: [], since: Infinity, problem: `The audit log could not be read${why}` };
    }),
});

/** Returns what the page of one agent, person, or provider shows. */
async function subject(
  { deps, query }: ConsoleRequest,
  name: string,
  { input, filter, isSuspension }: SubjectQuery,
): Promise<Subject> {
  const [grants, suspended, found] = await Promise.all([
    input ? list(deps, 'grants', { input }) : { items: [], after: undefined },
    isSuspension ? suspensionOf(deps, isSuspension) : false,
    entriesOf(withoutListings(besideLog(deps)), { ...filter, max: MAX_SUBJECT_ENTRIES }),
  ]);
  const done = DONE[query.get('done') ?? ''];
  // A reload can be after the action of another operator.
  const isContradicted = suspended !== 'unknown' && done?.suspended !== suspended;
  return { name, suspended, grants, found, done: isContradicted ? undefined : done?.text };
}

type View = (request: ConsoleRequest, name: string) => Promise<ConsolePage>;

const LISTS: Readonly<Record<string, View>> = {
  overview: async ({ deps }) => overviewPage(await overview(besideLog(deps))),
  agents: async ({ deps, query }) => {
    const q = given(query, 'q');
    return agentsPage(q, await list(deps, 'agents', { ...paging(query), matches: contains(q) }));
  },
  providers: async ({ deps, query }) => {
    const q = given(query, 'q');
    return providersPage(q, await list(deps, 'providers', { ...paging(query), matches: contains(q) }));
  },
  people: async ({ deps, query }) => {
    const [suspensions, recent] = await Promise.all([
      list(deps, 'suspensions', {
        ...paging(query),
        matches: ({ userHash }) => userHash !== undefined,
      }),
      recentPeople(besideLog(deps)),
    ]);
    return peoplePage({ suspensions, ...recent });
  },
  grants: searchGrants,
  audit: searchAudit,
  steps: async ({ deps, query }) => {
    const request = given(query, 'request');
    const search = { request, live: query.has('live') };
    return stepsPage(search, await stepsOf(deps, request));
  },
  act: ({ query }) => {
    const action = query.get('action');
    const target = given(query, 'target');
    const isKnown = isAction(action) && target !== '';
    return Promise.resolve(isKnown ? questionPage(action, target) : notFound());
  },
};

const ITEMS: Readonly<Record<string, View>> = {
  agents: async (request, name) =>
    agentPage(
      await subject(request, name, {
        input: { workloadName: name },
        filter: { agent: name },
        isSuspension: ({ workloadName }) => workloadName === name,
      }),
    ),
  people: async (request, name) => {
    if (!v.is(userHashSchema, name)) {
      const next =
        'A hash has 43 characters. The service knows no names: search by the iss and sub of the user token.';
      return messagePage(404, 'This is no hash of a person', next);
    }
    const user = { userHash: name };
    return personPage(
      await subject(request, name, {
        input: { user },
        filter: { user },
        isSuspension: ({ userHash }) => userHash === name,
      }),
    );
  },
  providers: async (request, name) => {
    const shown = (input: object | undefined) =>
      subject(request, name, { input, filter: { provider: name, outcome: NOT_ALLOWED } });
    try {
      return providerPage(await shown({ providerName: name }), true);
    } catch (error) {
      // Grants are only at OAuth 2.0 providers, so another one is not found.
      if (!(error instanceof ServiceError) || error.type !== 'ResourceNotFoundException') throw error;
      const { items } = await list(request.deps, 'providers', {
        matches: (provider) => provider.name === name,
        enough: 1,
      });
      if (items.length === 0) throw error;
      return providerPage(await shown(undefined), false);
    }
  },
  revocations: async ({ deps }, revocationId) => {
    if (!v.is(revocationIdSchema, revocationId)) return notFound();
    const output = await deps.call(OPERATIONS.GetRevocation.path, { revocationId });
    return revocationPage(v.parse(RevocationDescriptionSchema, output));
  },
};

async function view(request: ConsoleRequest, page: string): Promise<ConsolePage> {
  const name = given(request.query, 'name');
  const views = name === '' ? LISTS : ITEMS;
  const found = Object.hasOwn(views, page) ? views[page] : undefined;
  return found ? found(request, name) : notFound();
}

/** Returns the address of a person's page for a search of the list of people; undefined for another page. */
function personSearched(page: string, query: URLSearchParams): string | undefined {
  if (page !== 'people') return undefined;
  const [user, issuer, subject] = ['user', 'issuer', 'subject'].map((name) => given(query, name));
  if (user) return `people?name=${encodeURIComponent(user)}`;
  if (!issuer || !subject) return undefined;
  return `people?name=${selectedUserHash({ issuer, subject })}`;
}

/** Performs an action. Returns the address of the page that shows its outcome. */
async function act(
  { call }: ConsoleData,
  action: Action,
  { target, reason }: { readonly target: string; readonly reason: string },
): Promise<string> {
  const why = reason === '' ? {} : { reason };
  const user = { userHash: target };
  const revoked = async (filter: object): Promise<string> => {
    const { revocationId } = await call(OPERATIONS.RevokeGrants.path, { ...filter, ...why });
    return `revocations?name=${encodeURIComponent(String(revocationId))}`;
  };
  const place = encodeURIComponent(target);
  switch (action) {
    case 'suspend-agent':
      await call(OPERATIONS.SuspendWorkloadIdentity.path, { name: target, ...why });
      return `agents?name=${place}&done=suspended`;
    case 'resume-agent':
      await call(OPERATIONS.ResumeWorkloadIdentity.path, { name: target, ...why });
      return `agents?name=${place}&done=resumed`;
    case 'suspend-user':
      await call(OPERATIONS.SuspendUser.path, { user, ...why });
      return `people?name=${place}&done=suspended`;
    case 'resume-user': {
      const { suspendedByIssuer } = await call(OPERATIONS.ResumeUser.path, { user, ...why });
      return `people?name=${place}&done=${suspendedByIssuer === undefined ? 'resumed' : 'still-suspended'}`;
    }
    case 'revoke-grant':
      return revoked({ grantId: target });
    case 'revoke-agent':
      return revoked({ workloadName: target });
    case 'revoke-user':
      return revoked({ user });
  }
}

/** Status of a page for an error that the service does not state. */
const FAILED = 503;

/** Returns the page for an error: for one that the service states, with its message. */
function failurePage(error: unknown, report: ReportUnexpected): ConsolePage {
  const title = 'The service does not respond';
  if (error instanceof ServiceError) {
    const status = ERROR_STATUS[error.type];
    return status < 500
      ? messagePage(status, 'The request was rejected', error.message)
      : messagePage(FAILED, title, error.message);
  }
  report(unexpected(error));
  return messagePage(FAILED, title, 'Try again shortly. The service printed the reason.');
}

const unknownOutcome = messagePage(
  FAILED,
  'The outcome is unknown',
  'The service did not confirm the action. Look at the agent or the person before you try again.',
);

const outside = (page: ConsolePage): APIGatewayProxyResult => pageResult(renderConsole(page), OUTSIDE);

const inSession = (
  { service }: Pick<ConsoleDependencies, 'service'>,
  page: ConsolePage,
): APIGatewayProxyResult => pageResult(renderConsole(page, service), IN_SESSION);

const signedOut = (): APIGatewayProxyResult =>
  outside(
    messagePage(
      403,
      'Open the console with a new link',
      'A link works once, for 15 minutes, and a session ends after 30 minutes. For a new link, run agent-identity console again, with the same options.',
    ),
  );

/**
 * Shows a link's button, or opens a session. GET does not use the link up: a browser, or a scanner of links, can send it
 * without the person. The secret is the proof, so the form can be in a file, which has no origin.
 */
function open({ sessions }: ConsoleDependencies, event: APIGatewayProxyEvent): APIGatewayProxyResult {
  if (event.httpMethod === 'GET') {
    const link = queryOf(event).get('secret') ?? '';
    return sessions.hasLink(link) ? outside(openingPage('open', link)) : signedOut();
  }
  const session = sessions.open(formOf(event).get('secret') ?? '');
  return session === undefined ? signedOut() : redirectResult(303, `${CONSOLE}/${session}/overview`, OUTSIDE);
}

interface Posted {
  readonly session: string;
  readonly page: string;
}

async function post(
  deps: ConsoleDependencies,
  event: APIGatewayProxyEvent,
  { session, page }: Posted,
): Promise<APIGatewayProxyResult> {
  if (originRejection(event, deps.baseUrl) !== undefined) {
    const sentence = 'The form does not come from the console. Open the page again.';
    return inSession(deps, messagePage(403, 'Nothing was changed', sentence));
  }
  if (page === 'sign-out') {
    deps.sessions.end(session);
    return redirectResult(303, CONSOLE, { ...OUTSIDE, dropsPages: true });
  }
  const form = formOf(event);
  const [action, target] = [form.get('action'), given(form, 'target')];
  if (page !== 'act' || !isAction(action) || target === '') return inSession(deps, notFound());
  try {
    const next = await act(deps, action, { target, reason: given(form, 'reason').slice(0, 200) });
    return redirectResult(303, next, { ...IN_SESSION, dropsPages: true });
  } catch (error) {
    const failure = failurePage(error, deps.report);
    return inSession(deps, failure.status === FAILED ? unknownOutcome : failure);
  }
}

/** Returns the function behind {@link CONSOLE_ROUTES}. */
export function createConsole(
  deps: ConsoleDependencies,
): (event: APIGatewayProxyEvent) => Promise<APIGatewayProxyResult> {
  return async (event) => {
    if (event.resource === LINKS_PATH) {
      const url = consoleLink(deps);
      await deps.onLink(url);
      return {
        statusCode: 200,
        headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
        body: JSON.stringify({ url }),
      };
    }
    if (event.resource === OPEN_PATH) return open(deps, event);
    const { session = '', page = '' } = event.pathParameters ?? {};
    if (!deps.sessions.has(session)) return signedOut();
    if (event.httpMethod === 'POST') return post(deps, event, { session, page });
    const query = queryOf(event);
    const person = personSearched(page, query);
    if (person !== undefined) return redirectResult(303, person, IN_SESSION);
    return inSession(
      deps,
      await view({ deps, query }, page).catch((error: unknown) => failurePage(error, deps.report)),
    );
  };
}
