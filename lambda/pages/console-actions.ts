/** The question before an action in the console, and the outcome of a revocation. */
import type { RevocationDescription } from '../model/responses';
import { alsoEnds } from '../domain/provider/revocation-reach';
import { bounded, pageLink, table, type ConsolePage } from './console-frame';
import { html } from './html';

interface ActionText {
  readonly label: string;
  readonly question: string;
  readonly consequence: string;
  /** The command that does the same, without its argument. */
  readonly command: string;
}

const AT_PROVIDERS =
  'From then on, no agent gets these tokens. The service then revokes them at the providers. At some vendors, other agents and people lose their access too.';

/** What the console can do, by the name of the action. */
export const ACTIONS = {
  'suspend-agent': {
    label: 'Suspend',
    question: 'Suspend this agent?',
    consequence: 'From the next request on, the agent gets no token. Its grants stay.',
    command: 'agent suspend',
  },
  'resume-agent': {
    label: 'Resume',
    question: 'Resume this agent?',
    consequence: 'The agent gets tokens again, with the grants that it has.',
    command: 'agent resume',
  },
  'suspend-user': {
    label: 'Suspend',
    question: 'Suspend this person?',
    consequence: 'From the next request on, no agent gets a token for this person. The grants stay.',
    command: 'user suspend --user-hash',
  },
  'resume-user': {
    label: 'Resume',
    question: 'Resume this person?',
    consequence:
      'Agents get tokens for this person again. A suspension that the identity provider reported stays.',
    command: 'user resume --user-hash',
  },
  'revoke-grant': {
    label: 'Revoke',
    question: 'Revoke this grant?',
    consequence: AT_PROVIDERS,
    command: 'grants revoke --grant-id',
  },
  'revoke-agent': {
    label: 'Revoke all grants',
    question: 'Revoke all grants of this agent?',
    consequence: AT_PROVIDERS,
    command: 'grants revoke --agent',
  },
  'revoke-user': {
    label: 'Disconnect everywhere',
    question: 'Disconnect this person everywhere?',
    consequence: `All grants that agents hold for this person are revoked. ${AT_PROVIDERS}`,
    command: 'grants revoke --user-hash',
  },
} as const satisfies Record<string, ActionText>;

export type Action = keyof typeof ACTIONS;

export const isAction = (text: string | null): text is Action =>
  text !== null && Object.hasOwn(ACTIONS, text);

/** A name that begins like an option, or that a shell would interpret, is not shown as a command. */
const PLAIN = /^\w[\w.@:/+=-]*$/;

export function questionPage(action: Action, target: string): ConsolePage {
  const { question, consequence, label, command } = ACTIONS[action];
  return {
    title: question,
    main: html`<p><code>${bounded(target)}</code></p>
      <p>${consequence}</p>
      ${PLAIN.test(target) && html`<p class="soft">The same by command: <code>agent-identity ${command} ${bounded(target, 1_000)}</code></p>`}
      <form method="post" action="act">
        <input type="hidden" name="action" value="${action}" /><input
          type="hidden"
          name="target"
          value="${target}"
        />
        <p>
          <label>Reason, for the audit log: <input name="reason" maxlength="200" /></label>
        </p>
        <div class="actions">
          <button class="button danger">${label}</button>${pageLink('overview', 'Cancel')}
        </div>
      </form>`,
  };
}

export function revocationPage(revocation: RevocationDescription): ConsolePage {
  const { revocationId, status, counts, grants, reach } = revocation;
  return {
    title: status === 'DONE' ? 'The revocation is done' : 'The revocation continues',
    main: html`<ul class="numbers">
        <li><strong>${String(counts.revoked)}</strong> revoked here</li>
        <li><strong>${String(counts.confirmed)}</strong> confirmed by the provider</li>
        <li><strong>${String(counts.unconfirmed)}</strong> unconfirmed</li>
        <li><strong>${String(counts.notProvable)}</strong> without a proof</li>
      </ul>
      ${reach !== undefined && html`<p>${alsoEnds(reach)}</p>`}
      ${status !== 'DONE' && html`<p>${pageLink(`revocations?name=${revocationId}`, 'Show the present state')}</p>`}
      ${
        counts.unconfirmed > 0 &&
        html`<p>
          The service does not try again. End the access at the provider: remove the application there.
        </p>`
      }
      ${table(
        'Grants of the revocation',
        ['Provider', 'State', 'Attempts', 'Last error'],
        grants.map((grant) => [
          bounded(grant.provider),
          grant.state,
          String(grant.attempts),
          bounded(grant.lastError),
        ]),
      )}
      <p class="soft">The same by command: <code>agent-identity grants revocation ${revocationId}</code></p>`,
  };
}

/** A page with one sentence. */
export const messagePage = (status: number, title: string, sentence: string): ConsolePage => ({
  status,
  title,
  main: html`<p>${bounded(sentence, 500)}</p>`,
});

/** Sends the form of {@link openingPage} when the browser shows it. */
export const OPEN_NOW = 'document.forms[0].submit();';

/**
 * Returns the page whose form exchanges the secret of a link for a session. To show it changes nothing.
 *
 * @param action address of the form
 */
export const openingPage = (action: string, secret: string): ConsolePage => ({
  title: 'The console of agent-identity',
  main: html`<p>The button works once.</p>
    <form method="post" action="${action}">
      <input type="hidden" name="secret" value="${secret}" />
      <div class="actions"><button class="button">Open the console</button></div>
    </form>`,
});
