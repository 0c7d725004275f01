/** The overview of the console: numbers, who can reach what as a picture, failures, and what needs a person. */
import { nameInArn } from '../model/arn';
import { NOT_ALLOWED } from '../model/audit-line';
import type { GrantDescription } from '../model/responses';
import { auditTable, missingNote, type FoundEntries, type Period } from './console-audit';
import { bounded, linkTo, pageLink, shownTime, table, type ConsolePage } from './console-frame';
import { html, type Html } from './html';

/** A count that stops at a limit. */
export interface Counted {
  readonly count: number;
  /** Whether there are more. */
  readonly more: boolean;
}

/** What one agent holds at one provider. */
export interface Reach {
  readonly agent: string;
  readonly provider: string;
  readonly people: Counted;
  readonly ownGrants: number;
}

export interface Overview {
  readonly agents: Counted;
  readonly providers: Counted;
  readonly suspended: Counted;
  readonly reach: readonly Reach[];
  /** Agents that the picture leaves out. */
  readonly leftOut: boolean;
  /** Of the last hour, the newest first. */
  readonly failures: FoundEntries;
  /** Grants of the agents in the picture. */
  readonly needConsent: readonly GrantDescription[];
}

const shownCount = ({ count, more }: Counted): string => `${count}${more ? '+' : ''}`;

const plural = (counted: Counted, one: string, many: string): string =>
  `${shownCount(counted)} ${counted.count === 1 && !counted.more ? one : many}`;

/** The period of the failures, as the search of the audit log names it. */
const FAILURE_PERIOD: Period = '1 hour';

/** Rows of a table on this page. */
const SHOWN = 10;

const HEIGHT = 44;
/** Characters of a name in a box. */
const MAX_LABEL = 26;

const box = (x: number, row: number, name: string): Html =>
  html`<rect x="${String(x)}" y="${String(row * HEIGHT + 8)}" width="220" height="30" rx="6" /><text
      x="${String(x + 10)}"
      y="${String(row * HEIGHT + 28)}"
      >${bounded(name, MAX_LABEL)}</text
    >`;

/** Agents at the left, providers at the right, and the people between them. The table says the same. */
function picture(reach: readonly Reach[]): Html {
  const agents = [...new Set(reach.map(({ agent }) => agent))];
  const providers = [...new Set(reach.map(({ provider }) => provider))];
  const height = Math.max(agents.length, providers.length) * HEIGHT + 8;
  const lines = reach.map(({ agent, provider, people, ownGrants }) => {
    const [from, to] = [agents.indexOf(agent) * HEIGHT + 23, providers.indexOf(provider) * HEIGHT + 23];
    const label = people.count > 0 ? plural(people, 'person', 'people') : `${ownGrants} own`;
    return html`<path
        d="M230 ${String(from)} C 330 ${String(from)}, 350 ${String(to)}, 470 ${String(to)}"
      /><text x="350" y="${String((from + to) / 2 - 5)}" text-anchor="middle">${label}</text>`;
  });
  return html`<svg class="picture" viewBox="0 0 700 ${String(height)}" aria-hidden="true" focusable="false">
    ${lines}${agents.map((name, row) => box(10, row, name))}${providers.map((name, row) => box(470, row, name))}
  </svg>`;
}

function reachSection({ reach, leftOut }: Overview): Html {
  if (reach.length === 0) return html`<p class="soft">No agent holds a grant.</p>`;
  return html`<div class="scroll" role="region" aria-label="Picture" tabindex="0">${picture(reach)}</div>
    ${table(
      'Who can reach what',
      ['Agent', 'Provider', 'People', "The agent's own grants"],
      reach.map(({ agent, provider, people, ownGrants }) => [
        linkTo('agents', agent),
        linkTo('providers', provider),
        shownCount(people),
        String(ownGrants),
      ]),
    )}
    ${leftOut && html`<p>Not all agents are shown. ${pageLink('agents', 'All agents')}</p>`}`;
}

const ALL_FAILURES = new URLSearchParams({ outcome: NOT_ALLOWED, since: FAILURE_PERIOD }).toString();

export const overviewPage = (overview: Overview): ConsolePage => {
  const { agents, providers, suspended, failures, needConsent } = overview;
  const { entries, more, older } = failures;
  return {
    title: 'Overview',
    section: 'overview',
    main: html`<ul class="numbers">
        <li><strong>${shownCount(agents)}</strong> ${pageLink('agents', 'agents')}</li>
        <li><strong>${shownCount(providers)}</strong> ${pageLink('providers', 'providers')}</li>
        <li><strong>${shownCount(suspended)}</strong> suspended agents and people</li>
        <li>
          <strong>${shownCount({ count: entries.length, more: more || older })}</strong>
          failures in the last hour
        </li>
      </ul>
      <section>
        <h2>Who can reach what</h2>
        ${reachSection(overview)}
      </section>
      <section>
        <h2>Failures of the last hour</h2>
        ${auditTable('Newest failures', entries.slice(0, SHOWN))}
        ${entries.length > SHOWN && html`<p>${pageLink(`audit?${ALL_FAILURES}`, 'All failures')}</p>`}
        ${missingNote({ ...failures, more: false })}
      </section>
      <section>
        <h2>What needs a person</h2>
        ${table(
          'Grants that need consent again',
          ['Agent', 'Provider', 'Person', 'Expired'],
          needConsent
            .slice(0, SHOWN)
            .map(({ workloadIdentityArn, credentialProviderArn, userHash, expiresAt }) => [
              linkTo('agents', nameInArn(workloadIdentityArn)),
              linkTo('providers', nameInArn(credentialProviderArn)),
              linkTo('people', userHash),
              shownTime(expiresAt),
            ]),
        )}
        ${needConsent.length > SHOWN && html`<p>There are ${String(needConsent.length - SHOWN)} more.</p>`}
      </section>`,
  };
};
