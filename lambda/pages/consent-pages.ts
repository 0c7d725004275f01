/** The pages that a person can see during consent, which say what happened and what to do. */
import type { ConsentPage, ConsentQuestion } from '../domain/consent/browser';
import { html, type Html } from './html';
import { ICONS } from './icons';
import { linkButton, renderMessage, type Message } from './message-page';
import { renderScopes } from './scopes';
import { renderShell, type Branding, type RenderedPage } from './shell';

/** A message, with the way back to the application if this browser can know it. */
interface ConsentMessage extends Message {
  readonly returnTo?: string;
}

function messageOf(page: Exclude<ConsentPage, { name: 'consent' }>): ConsentMessage {
  switch (page.name) {
    case 'link-ended':
      return {
        status: 410,
        title: 'This link is no longer valid',
        happened: 'A link to grant access works for a few minutes. This link is too old or was never issued.',
        next: 'Go back to the application and ask your agent again for a new link. If you have answered this one already, your answer stands.',
      };
    case 'opened-too-often':
      return {
        status: 410,
        title: 'This link was opened too often',
        happened:
          'This link was opened too many times without an answer, so it no longer works. Nothing was granted.',
        next: 'Go back to the application and ask your agent again for a new link.',
      };
    case 'already-answered':
      return {
        status: 409,
        title: 'This link was already used',
        happened: 'This access request was answered, and it cannot be answered again.',
        next:
          page.returnTo === undefined
            ? 'If you answered it in another browser, go back to the application there. Otherwise, wait a minute and ask your own agent for a new link.'
            : 'Go back to the application to see the result. If there is none after a minute, ask your agent again.',
        ...(page.returnTo !== undefined && { returnTo: page.returnTo }),
      };
    case 'response-rejected':
      return {
        status: 400,
        title: 'This response could not be verified',
        happened:
          'The response does not belong to the latest request in this browser, or it was used before. It was ignored.',
        next: 'If you opened the link in another tab or browser too, only the latest one counts: continue there. Otherwise, open the link again, or ask your agent for a new one.',
      };
    case 'not-reached':
      return {
        status: 502,
        title: 'The access request could not be sent',
        happened: html`The access request could not be sent to <strong>${page.provider}</strong>:
          <code>${page.error}</code>. Nothing was granted.`,
        next: 'Open the link again in a moment; it works for a few minutes. If the error persists, send this message to application support.',
      };
    case 'request-rejected':
      return {
        status: 502,
        title: 'The access request was rejected',
        happened: html`The access request to <strong>${page.provider}</strong> was rejected:
          <code>${page.error}</code>. Nothing was granted, and this link no longer works.`,
        next: 'Opening the link again does not help. Send this message to application support: the settings of the provider or of the request must be corrected first. Then ask your agent again.',
      };
    case 'not-granted': {
      const declined = page.error === 'access_denied';
      return {
        status: 200,
        title: declined ? 'Access was not granted' : 'The provider did not grant access',
        happened: declined
          ? html`The request for access to <strong>${page.provider}</strong> was declined, and your agent has
              none.`
          : html`<strong>${page.provider}</strong> responded with <code>${page.error}</code>. Your agent has
              no access.`,
        next: declined
          ? 'If that is what you wanted, there is nothing more to do. To grant access after all, ask your agent again.'
          : 'Ask your agent again. If the error persists, send this message to application support.',
        returnTo: page.returnTo,
      };
    }
  }
}

const named = (name: string, displayName: string): Html =>
  name === displayName
    ? html`<strong>${displayName}</strong>`
    : html`<strong>${displayName}</strong> (<code>${name}</code>)`;

/**
 * The question that comes before the provider's own. Its form and its link lead back to this address; the way to the
 * provider is a link, because the policy of a page with a form blocks redirects to other origins that follow the form.
 */
function renderQuestion(question: ConsentQuestion, branding: Branding | undefined): RenderedPage {
  const { agent, provider, purpose, scopes, servers, requestUri, confirmation } = question;
  const address = `authorize?request_uri=${encodeURIComponent(requestUri)}&confirm=${encodeURIComponent(confirmation)}`;
  const title = `${agent.displayName} asks to use your ${provider.displayName} account`;
  return renderShell({
    status: 200,
    title,
    branding,
    single: true,
    forms: true,
    main: html`<div class="card">
      <span class="mark calm">${ICONS.link}</span>
      <h1>${title}</h1>
      ${purpose !== undefined && html`<p>${purpose}</p>`}
      ${
        scopes.length === 0 &&
        html`<p>${provider.displayName} shows you what ${agent.displayName} can do, before you allow it.</p>`
      }
      ${renderScopes(scopes, `What ${agent.displayName} can do if you allow it`)}
      <div class="note warn">
        ${ICONS.warning}
        <p>
          Continue only if you asked this agent yourself, in this browser. If another person sent you the
          link, choose <strong>Not now</strong>.
        </p>
      </div>
      <div class="actions">
        ${linkButton(address, `Continue to ${provider.displayName}`)}
        <form method="post" action="authorize">
          <input type="hidden" name="request_uri" value="${requestUri}" /><input
            type="hidden"
            name="confirm"
            value="${confirmation}"
          /><button class="button plain">Not now</button>
        </form>
      </div>
      <dl class="facts">
        <dt>Agent</dt>
        <dd>${named(agent.name, agent.displayName)}</dd>
        <dt>Account at</dt>
        <dd>${named(provider.name, provider.displayName)}</dd>
        ${
          servers.length > 0 &&
          html`<dt>For use at</dt>
            <dd>${servers.map((server) => html`<code>${server}</code> `)}</dd>`
        }
        <dt>You continue to</dt>
        <dd>${question.continueTo}</dd>
        <dt>You return to</dt>
        <dd>${question.returnTo}</dd>
      </dl>
    </div>`,
  });
}

/** @param branding of the portal that began the consent, if one did */
export function renderPage(page: ConsentPage, branding?: Branding): RenderedPage {
  if (page.name === 'consent') return renderQuestion(page.question, branding);
  const { returnTo, ...message } = messageOf(page);
  const actions = returnTo === undefined ? [] : [linkButton(returnTo, 'Back to the application')];
  return renderMessage({ ...message, actions }, { branding });
}
