/** The lists and pages of agents, people, providers, and grants in the console. */
import { nameInArn } from '../model/arn';
import type {
  GrantDescription,
  ListedCredentialProvider,
  ListedSuspension,
  ListedWorkloadIdentity,
} from '../model/responses';
import { ACTIONS, type Action } from './console-actions';
import { auditTable, missingNote, type FoundEntries } from './console-audit';
import { bounded, filters, linkTo, nextPage, shownTime, table, type ConsolePage } from './console-frame';
import { html, type Content, type Html } from './html';

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly after: string | undefined;
}

/** Returns a link to the question before an action. */
const actionLink = (action: Action, target: string): Html =>
  html`<a class="button danger compact" href="act?${new URLSearchParams({ action, target }).toString()}"
    >${ACTIONS[action].label}</a
  >`;

export const agentsPage = (q: string, { items, after }: Page<ListedWorkloadIdentity>): ConsolePage => ({
  title: 'Agents',
  section: 'agents',
  main: html`${filters('agents', [{ name: 'q', label: 'Name contains', value: q }])}
  ${table(
    'Agents',
    ['Name', 'Status', 'Owner', 'Created'],
    items.map(({ name, suspended, owner, createdTime }) => [
      linkTo('agents', name),
      suspended ? 'suspended' : 'active',
      bounded(owner),
      shownTime(createdTime),
    ]),
  )}
  ${nextPage('agents', { q }, after)}`,
});

export const providersPage = (q: string, { items, after }: Page<ListedCredentialProvider>): ConsolePage => ({
  title: 'Providers',
  section: 'providers',
  main: html`${filters('providers', [{ name: 'q', label: 'Name contains', value: q }])}
  ${table(
    'Providers',
    ['Name', 'Vendor', 'Owner', 'Created'],
    items.map(({ name, credentialProviderVendor, owner, createdTime }) => [
      linkTo('providers', name),
      credentialProviderVendor === undefined ? 'API key' : bounded(credentialProviderVendor),
      bounded(owner),
      shownTime(createdTime),
    ]),
  )}
  ${nextPage('providers', { q }, after)}`,
});

function grantTable(caption: string, grants: readonly GrantDescription[]): Html {
  return table(
    caption,
    ['Agent', 'Provider', 'Person', 'Status', 'Scopes', 'Last used', 'Expires', 'Action'],
    grants.map((grant) => [
      linkTo('agents', nameInArn(grant.workloadIdentityArn)),
      linkTo('providers', nameInArn(grant.credentialProviderArn)),
      grant.userHash === undefined ? '(the agent)' : linkTo('people', grant.userHash),
      grant.status,
      bounded(grant.scopes.join(' ')),
      bounded(grant.lastUsedDate),
      grant.renewsAutomatically ? 'renews by itself' : shownTime(grant.expiresAt),
      actionLink('revoke-grant', grant.grantId),
    ]),
  );
}

export interface GrantSearch {
  readonly agent: string;
  readonly provider: string;
  readonly user: string;
}

export const grantsPage = (search: GrantSearch, page: Page<GrantDescription> | undefined): ConsolePage => ({
  title: 'Grants',
  section: 'grants',
  main: html`${filters('grants', [
    { name: 'agent', label: 'Agent', value: search.agent },
    { name: 'provider', label: 'Provider', value: search.provider },
    { name: 'user', label: 'Person (hash)', value: search.user },
  ])}
  ${
    page
      ? [grantTable('Grants', page.items), nextPage('grants', { ...search }, page.after)]
      : html`<p>Name an agent, a provider, or a person.</p>`
  }`,
});

export interface People {
  readonly suspensions: Page<ListedSuspension>;
  /** Hashes in recent audit entries. */
  readonly recent: readonly string[];
  readonly found: FoundEntries;
}

export const peoplePage = ({ suspensions, recent, found }: People): ConsolePage => ({
  title: 'People',
  section: 'people',
  main: html`<p class="lead">
      The service knows people by a hash. Find one by the hash, or by the iss and sub of the user token.
    </p>
    ${filters('people', [
      { name: 'user', label: 'Hash', value: '' },
      { name: 'issuer', label: 'Issuer', value: '' },
      { name: 'subject', label: 'Subject', value: '' },
    ])}
    ${table(
      'Suspended people',
      ['Person', 'By', 'Since', 'Reason'],
      suspensions.items.map(({ userHash = '', suspendedByOperator, suspendedByIssuer }) => [
        linkTo('people', userHash),
        suspendedByOperator ? bounded(suspendedByOperator.by) : 'identity provider',
        shownTime((suspendedByOperator ?? suspendedByIssuer)?.since),
        bounded(suspendedByOperator?.reason ?? suspendedByIssuer?.state),
      ]),
    )}
    ${
      suspensions.after !== undefined &&
      html`<p>The search stopped here: more people can be suspended.</p>
        ${nextPage('people', {}, suspensions.after)}`
    }
    ${table(
      'People in recent audit entries',
      ['Person'],
      recent.map((user) => [linkTo('people', user)]),
    )}
    ${missingNote(found)}`,
});

/** What a page about an agent, a person, or a provider has. */
export interface Subject {
  readonly name: string;
  /** `unknown`: there are too many suspensions to read. */
  readonly suspended: boolean | 'unknown';
  readonly grants: Page<GrantDescription>;
  readonly found: FoundEntries;
  /** What the last action changed. */
  readonly done: string | undefined;
}

const foundTable = (caption: string, { found }: Subject): Html =>
  html`${auditTable(caption, found.entries)} ${missingNote({ ...found, more: false })}`;

const doneNote = (done: string | undefined): Content =>
  done !== undefined && html`<div class="note good" role="status"><p>${bounded(done)}</p></div>`;

const suspension = (kind: 'agent' | 'user', { suspended, name }: Subject): Html =>
  html`${suspended === true && html`<p><span class="status warn">suspended</span></p>`}
    ${suspended === 'unknown' && html`<p>Whether there is a suspension is unknown: there are too many to read.</p>`}
    <div class="actions">
      ${suspended !== true && actionLink(`suspend-${kind}`, name)}${
        suspended !== false && actionLink(`resume-${kind}`, name)
      }${actionLink(`revoke-${kind}`, name)}
    </div>`;

export const agentPage = (subject: Subject): ConsolePage => ({
  title: `Agent ${bounded(subject.name)}`,
  section: 'agents',
  main: html`${doneNote(subject.done)}${suspension('agent', subject)}
  ${grantTable('What the agent holds', subject.grants.items)}
  ${nextPage('grants', { agent: subject.name }, subject.grants.after)}
  ${foundTable('Last audit entries', subject)}`,
});

export const personPage = (subject: Subject): ConsolePage => ({
  title: 'Person',
  section: 'people',
  main: html`<p><code>${bounded(subject.name)}</code></p>
    ${doneNote(subject.done)}${suspension('user', subject)}
    ${grantTable('What agents can reach for this person', subject.grants.items)}
    ${nextPage('grants', { user: subject.name }, subject.grants.after)}
    ${foundTable('Last audit entries', subject)}`,
});

/** @param keepsGrants whether agents hold grants at the provider; API keys have none */
export const providerPage = (subject: Subject, keepsGrants: boolean): ConsolePage => ({
  title: `Provider ${bounded(subject.name)}`,
  section: 'providers',
  main: html`${foundTable('Last failures', subject)}
  ${
    subject.found.entries.length > 0 &&
    html`<p>
      The next step: <code>agent-identity provider test ${bounded(subject.name)}</code> checks the provider
      and says what to correct.
    </p>`
  }
  ${
    keepsGrants
      ? [
          grantTable('Grants', subject.grants.items),
          nextPage('grants', { provider: subject.name }, subject.grants.after),
        ]
      : html`<p>
          The provider has an API key, so there are no grants: the key is the same for every agent and person.
        </p>`
  }`,
});
