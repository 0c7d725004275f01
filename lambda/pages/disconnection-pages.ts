/** The pages of a disconnection: the question before it, and its progress at the provider. */
import type { Named } from '../domain/display-name';
import type { Disconnection } from '../domain/portal/disconnection';
import type { DisconnectQuestion } from '../domain/portal/disconnect-question';
import type { AgentAtProvider } from '../domain/portal/row';
import { html, type Html } from './html';
import { linkButton, renderMessage, type Message } from './message-page';
import { csrfField, frameOf, technicalName, type PersonFrame, type PortalFrame } from './portal-frame';
import type { RenderedPage } from './shell';

type SignedInFrame = PortalFrame & { readonly person: PersonFrame };

const back = (path: string, label = 'Back to your agents'): Html => linkButton(path, label, 'plain');

/** What the person can expect of the provider. */
const EXPECTATION: Readonly<Record<DisconnectQuestion['revocation'], (provider: string) => string>> = {
  provable: (provider) =>
    `${provider} is asked to end the access, and the next page shows whether the access ended there.`,
  'not-provable': (provider) => `${provider} is asked to end the access, too. It cannot prove that it did.`,
  none: (provider) =>
    `${provider} offers no way to end the access from here. The service deletes what it stores, so the agent loses the access. To end it at ${provider} too, remove the application in your account settings there.`,
};

/** Returns both names of an agent or a provider. */
const withTechnicalName = (named: Named): Html => html`${named.displayName} ${technicalName(named)}`;

const listed = ({ agent, provider }: AgentAtProvider): Html =>
  html`<li>${withTechnicalName(agent)} at ${withTechnicalName(provider)}</li>`;

/** Says which of several with the same display name the page is about. */
const technicalNames = (...all: readonly (Named | undefined)[]): readonly Html[] =>
  all.flatMap((named) =>
    named && technicalName(named) ? [html`<p class="small">${withTechnicalName(named)}</p>`] : [],
  );

/** Access on behalf of a user needs no consent, so a disconnection does not prevent it. */
const SIGN_IN =
  'If you continue to use an application that this agent works for, the agent can get access with your sign-in there. To prevent that, ask the operator of this page.';

const signInNote = ({ canReturn }: { readonly canReturn?: true }): Html | undefined =>
  canReturn && html`<p class="soft">${SIGN_IN}</p>`;

/** "At least 0" would tell a person nothing. */
function notShownInWords(count: number, isMinimum?: true): string {
  if (count === 0) return 'Perhaps other connections';
  const counted = count === 1 ? '1 connection' : `${count} connections`;
  return isMinimum ? `At least ${counted}` : counted;
}

/** What ends together with the connection. */
function alsoEnding({ provider, alsoLose, notShown, notShownIsMinimum, shared }: DisconnectQuestion): Html {
  const at = provider.displayName;
  if (alsoLose.length === 0 && notShown === 0 && !notShownIsMinimum && !shared) return html``;
  return html`<section class="section">
    <h2>This also ends the access of</h2>
    <ul class="list">
      ${alsoLose.map(listed)}
      ${
        (notShown > 0 || notShownIsMinimum) &&
        html`<li>${notShownInWords(notShown, notShownIsMinimum)} of yours that this page does not show</li>`
      }
      ${shared && html`<li>Other people who share this access at ${at}</li>`}
    </ul>
    <p class="soft small">
      They use the same application at ${at}, which ends the access of all of them together. You can connect
      yours again afterwards.
    </p>
  </section>`;
}

/** The question before a disconnection, which says what else ends. */
export function renderDisconnectQuestion(
  frame: SignedInFrame,
  connection: string,
  question: DisconnectQuestion,
): RenderedPage {
  const { agent, provider, revocation, keepsAccess } = question;
  const [name, at] = [agent.displayName, provider.displayName];
  return renderMessage(
    {
      status: 200,
      title: `Disconnect ${at} from ${name}?`,
      happened: keepsAccess
        ? `${name} loses this access to your ${at} account immediately. It might keep other access to the account.`
        : `${name} loses access to your ${at} account immediately.`,
      next: EXPECTATION[revocation](at),
      more: html`${signInNote(question)}${alsoEnding(question)}${technicalNames(agent, provider)}`,
      actions: [
        html`<form method="post" action="${frame.path}/disconnect">
          ${csrfField(frame.person)}<input type="hidden" name="connection" value="${connection}" /><input
            type="hidden"
            name="confirmed"
            value="yes"
          /><button class="button danger">Disconnect ${at}</button>
        </form>`,
        back(frame.path, 'Keep it connected'),
      ],
    },
    frameOf(frame),
  );
}

type OfAll = Extract<Disconnection, { unproven: unknown }>;
type OfOne = Exclude<Disconnection, OfAll>;

const isOfAll = (disconnection: Disconnection): disconnection is OfAll => 'unproven' in disconnection;

/** The end of the texts about what a provider confirmed. */
const untilExpiry = ({ accessTokensLive }: Disconnection): string =>
  accessTokensLive ? ' A token that the agent already has might work there until it expires.' : '';

const nameOf = ({ agent }: Disconnection): string => agent?.displayName ?? 'The agent';

/** The service has not deleted the access yet. */
const ending = (name: string, at: string): Message => ({
  status: 200,
  icon: 'clock',
  tone: 'warn',
  title: `${name} is losing access to ${at}`,
  happened: 'The service is still deleting the access. Until it has, the agent can use it.',
  next: 'Check again in a moment. If this takes more than a few minutes, tell the operator of this page.',
});

function progressOfAll(disconnection: OfAll): Message {
  const { status, unproven, isPartial, accounts, hasAccess } = disconnection;
  const name = nameOf(disconnection);
  if (status === 'SELECTING') return ending(name, 'your accounts');
  const common = {
    status: 200,
    title: hasAccess
      ? `${name} might have access to your accounts again`
      : `${name} no longer has access to your accounts`,
    happened: hasAccess
      ? 'The service deleted the access that the agent had. To see and end access that it got since then, go back to your agents.'
      : 'The service deleted the access, so the agent can no longer use any of them.',
  } as const;
  if (status === 'IN_PROGRESS') {
    const next = `The service is asking the providers to end it there, too. Check again in a moment. ${SIGN_IN}`;
    return { ...common, icon: 'clock', tone: 'calm', next };
  }
  if (accounts === 0) {
    return {
      ...common,
      icon: 'info',
      tone: 'calm',
      happened: hasAccess ? common.happened : 'The agent had no access that the service could still end.',
      next: `If you disconnected it before, that disconnection might still be in progress at the providers. ${SIGN_IN}`,
    };
  }
  if (unproven.length === 0 && !isPartial) {
    const next = `Each provider confirmed that the access ended there, too.${untilExpiry(disconnection)} ${SIGN_IN}`;
    return { ...common, icon: 'check', tone: 'good', next };
  }
  return {
    ...common,
    icon: 'info',
    tone: 'calm',
    next: `These providers gave no proof that the access ended there. To be sure, remove the application in your account settings at each of them.${untilExpiry(disconnection)} ${SIGN_IN}`,
    more: html`<ul class="list">
      ${unproven.map((provider) => html`<li>${withTechnicalName(provider)}</li>`)}${
        isPartial && html`<li>Perhaps others: there are too many accounts for this page</li>`
      }
    </ul>`,
  };
}

function progressOfOne(disconnection: OfOne): Message {
  const { provider, status, state, lastError, hasAccess, accessTokensLive, canReturn } = disconnection;
  const [name, at] = [nameOf(disconnection), provider.displayName];
  if (status === 'SELECTING') return ending(name, at);
  const title = `${name} no longer has ${hasAccess ? 'this access' : 'access'} to ${at}`;
  const deleted = 'The service deleted the access, so the agent can no longer use it.';
  const happened = hasAccess
    ? `${deleted} The agent might have other access to ${at}. To see and end it, go back to your agents.`
    : deleted;
  const failure = lastError !== undefined && html` The last attempt failed: <code>${lastError}</code>.`;
  const common = { status: 200, title, happened, more: html`${signInNote(disconnection)}` } as const;
  if (status === 'IN_PROGRESS' || state === 'PENDING') {
    return {
      ...common,
      icon: 'clock',
      tone: 'calm',
      next: html`The service is asking ${at} to end it there, too.${failure} Check again in a moment.`,
    };
  }
  const isOver = !hasAccess && !accessTokensLive && !canReturn;
  switch (state) {
    case 'CONFIRMED':
      return {
        ...common,
        icon: 'check',
        tone: 'good',
        next: `${at} confirmed that the access ended there, too.${untilExpiry(disconnection)}${isOver ? ' There is nothing more to do.' : ''}`,
      };
    case 'NOT_PROVABLE':
      return {
        ...common,
        icon: 'info',
        tone: 'calm',
        next: `${at} gives no proof that the access ended there. To be sure, remove the application in your account settings at ${at}.`,
      };
    case 'UNCONFIRMED':
      return {
        ...common,
        icon: 'warning',
        tone: 'warn',
        next: html`${at} did not confirm that the access ended there.${failure} Remove the application in your
        account settings at ${at}, or ask the operator.`,
      };
  }
}

/** How far a disconnection is at the provider. The page does not reload itself: a link checks again (WCAG 2.2, 2.2.1). */
export function renderDisconnection(
  frame: SignedInFrame,
  revocationId: string,
  disconnection: Disconnection,
): RenderedPage {
  const [message, provider] = isOfAll(disconnection)
    ? [progressOfAll(disconnection), undefined]
    : [progressOfOne(disconnection), disconnection.provider];
  const again = linkButton(`${frame.path}/disconnections/${encodeURIComponent(revocationId)}`, 'Check again');
  // Of more accounts than a page can follow, later ones can still be in progress.
  const isOver = disconnection.status === 'DONE' && !('isPartial' in disconnection);
  const actions = isOver ? [linkButton(frame.path, 'Back to your agents')] : [again, back(frame.path)];
  const more = html`${message.more}${technicalNames(disconnection.agent, provider)}`;
  return renderMessage({ ...message, more, actions }, frameOf(frame));
}
