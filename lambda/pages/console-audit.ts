/** The audit log in the console: the search, and one request as a sequence of steps. */
import { nameInArn } from '../model/arn';
import { AUDIT_OUTCOMES, NOT_ALLOWED, providerIn, text, type LoggedEntry } from '../model/audit-line';
import { bounded, filters, linkTo, pageLink, shownTime, table, type ConsolePage } from './console-frame';
import { html, type Content, type Html } from './html';

const TONES = { allowed: 'good', denied: 'warn', 'rate-limited': 'warn', failed: 'bad' } as const;

function outcome(value: unknown): Html {
  const known = AUDIT_OUTCOMES.find((each) => each === value);
  return html`<span class="status ${known ? TONES[known] : 'calm'}">${bounded(value, 20)}</span>`;
}

const requestLink = (id: unknown): Content =>
  typeof id === 'string' ? pageLink(`steps?request=${encodeURIComponent(id.slice(0, 200))}`, 'Steps') : '';

export const auditTable = (caption: string, entries: readonly LoggedEntry[]): Html =>
  table(
    caption,
    ['Time', 'Outcome', 'Operation', 'Agent', 'Provider', 'Person', 'Result or reason', 'Request'],
    entries.map(({ time, audit }) => [
      shownTime(time / 1000),
      outcome(audit.outcome),
      bounded(audit.operation),
      linkTo('agents', nameInArn(text(audit.workloadIdentity))),
      linkTo('providers', providerIn(audit)),
      linkTo('people', text(audit.user)),
      bounded([audit.result, audit.reason].filter((part) => typeof part === 'string').join(': ')),
      requestLink(audit.requestId),
    ]),
  );

/** Replaces the live part of the page by that of a new response, two seconds after the last one, until the session ends. */
const LIVE = `
const refresh = async () => {
  const response = document.hidden ? undefined : await fetch(location.href);
  // The session is over.
  if (response?.status === 403) return;
  setTimeout(refresh, 2000);
  if (!response?.ok) return;
  const next = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('live');
  const shown = document.getElementById('live');
  if (next && shown && next.textContent !== shown.textContent) shown.replaceWith(document.adoptNode(next));
};
// If the console does not respond, this is the end: another program could listen at the address later.
setTimeout(refresh, 2000);
`;

export interface AuditSearch {
  readonly agent: string;
  readonly provider: string;
  readonly user: string;
  readonly operation: string;
  readonly outcome: string;
  readonly since: string;
  readonly live: boolean;
}

/** Periods that the search offers, in milliseconds. */
export const PERIODS = {
  '15 minutes': 900_000,
  '1 hour': 3_600_000,
  '1 day': 86_400_000,
  '30 days': 30 * 86_400_000,
} as const;
export type Period = keyof typeof PERIODS;

const liveLink = (page: string, query: Readonly<Record<string, string>>, live: boolean): Html => {
  const parameters = new URLSearchParams(query);
  if (!live) parameters.set('live', '1');
  return html`<p>
    ${pageLink(`${page}?${parameters.toString()}`, live ? 'Stop the live view' : 'Watch live')}
  </p>`;
};

/** Audit entries that a page shows, and whether the log has further ones. */
export interface FoundEntries {
  readonly entries: readonly LoggedEntry[];
  /** Whether more of the entries that were read match. */
  readonly more: boolean;
  /** Whether the log has older entries, which were not read. */
  readonly older: boolean;
  /** Why none were read. */
  readonly problem?: string | undefined;
  /** The command that prints the whole log. */
  readonly command: string;
}

/** Says that entries are missing on a page. */
export const missingNote = ({ more, older, problem, command }: Omit<FoundEntries, 'entries'>): Content =>
  (more || older || problem !== undefined) &&
  html`<p class="soft">
    ${more && 'There are more entries than the page shows. '}${
      problem === undefined ? older && 'Older entries were not read. ' : `${bounded(problem, 1_000)} `
    }All
    entries: <code>${bounded(command, 1_000)}</code>
  </p>`;

export function auditPage({ live, ...query }: AuditSearch, found: FoundEntries): ConsolePage {
  const { agent, provider, user, operation, outcome: wanted, since } = query;
  return {
    title: 'Audit',
    section: 'audit',
    ...(live && { script: LIVE }),
    main: html`${filters('audit', [
        { name: 'agent', label: 'Agent', value: agent },
        { name: 'provider', label: 'Provider', value: provider },
        { name: 'user', label: 'Person (hash)', value: user },
        { name: 'operation', label: 'Operation', value: operation },
        { name: 'outcome', label: 'Outcome', value: wanted, choices: [...AUDIT_OUTCOMES, NOT_ALLOWED] },
        { name: 'since', label: 'Within', value: since, choices: Object.keys(PERIODS) },
      ])}
      ${liveLink('audit', query, live)}
      <div id="live">
        ${auditTable('Audit entries, the newest first', found.entries)} ${missingNote(found)}
      </div>`,
  };
}

/** Who acts in a step, by the operation. */
const ACTORS: readonly (readonly [pattern: RegExp, actor: string])[] = [
  [/^(Invoke|AgentInvocation$|GatewayResponse$)/, 'Gate or gateway'],
  [/^GetWorkloadAccessToken/, 'Token exchange'],
  [/^(GetResource(Oauth2Token|ApiKey|DpopProof)|RejectResourceOauth2Token)$/, 'Vault'],
  [
    /^(PushAuthorizationRequest|Authorize|DeclineAuthorization|Callback|CompleteResourceTokenAuth)$/,
    'Consent',
  ],
  [/^Portal/, 'Portal'],
  [/^RevokeAtProvider$/, 'Provider'],
];

const actorOf = (operation: unknown): string =>
  ACTORS.find(([pattern]) => pattern.test(text(operation) ?? ''))?.[1] ?? 'Service';

/** Members of an entry that its heading already has. */
const IN_HEADING = ['operation', 'outcome', 'requestId'];

function step({ time, audit }: LoggedEntry): Html {
  const facts = Object.entries(audit).filter(([name]) => !IN_HEADING.includes(name));
  return html`<li>
    <h2>${actorOf(audit.operation)}: ${bounded(audit.operation)}</h2>
    <p>${outcome(audit.outcome)} ${shownTime(time / 1000)}</p>
    <dl class="facts">
      ${facts.map(
        ([name, value]) =>
          html`<dt>${bounded(name, 40)}</dt>
            <dd>${bounded(Array.isArray(value) ? value.join(', ') : value)}</dd>`,
      )}
    </dl>
  </li>`;
}

/** @param entries of the request, and of the requests with the same workload access token, the oldest first */
export const stepsPage = (
  { request, live }: { readonly request: string; readonly live: boolean },
  found: FoundEntries,
): ConsolePage => ({
  title: 'Steps of a request',
  section: 'audit',
  ...(live && { script: LIVE }),
  main: html`${filters('steps', [{ name: 'request', label: 'Request ID', value: request }])}
    ${request !== '' && liveLink('steps', { request }, live)}
    <div id="live">
      ${
        found.entries.length === 0
          ? html`<p class="soft">No recent audit entry has this request ID.</p>`
          : html`<ol class="steps">
              ${found.entries.map(step)}
            </ol>`
      }
      ${missingNote(found)}
    </div>`,
});
