/** The pages of the example application. */
import type { Event } from './agent-api';
import type { ExampleAgent } from './agent-invocation';
import type { BrowserSession } from './browser-session';
import { html, type Html } from '../../lambda/pages/html';
import { FERNHILL, type Page } from './page';
import type { SignedInUser } from './openid-client';
import type { Run } from './run';

const SUGGESTION = 'What is on my calendar?';

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const date = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });

const csrfField = (session: BrowserSession): Html =>
  html`<input type="hidden" name="csrf_token" value="${session.csrfToken}" />`;

const account = (session: BrowserSession, user: SignedInUser): Html => html`
  <div class="who">
    <span>${user.name}</span>
    <form method="post" action="/sign-out">
      ${csrfField(session)}
      <button class="link">Sign out</button>
    </form>
  </div>
`;

const page = (title: string, body: Html, session?: BrowserSession): Page => ({
  brand: FERNHILL,
  title,
  body,
  ...(session?.user === undefined ? {} : { account: account(session, session.user) }),
});

/** Returns a form, because a sign-in starts with a POST request. */
const signInForm = (label: string): Html => html`
  <form class="row stretch" method="post" action="/sign-in"><button>${label}</button></form>
`;

export const welcomePage = (): Page =>
  page(
    'Welcome',
    html`<section class="card">
        <div class="stack">
          <h1>An assistant that sees your day, and only what you allow</h1>
          <p class="lead">Ask what is on your calendar. The assistant asks you before it looks.</p>
        </div>
        ${signInForm('Sign in with Fernhill ID')}
      </section>
      <section class="card">
        <h2>What you will see</h2>
        <ol class="steps">
          <li><span>You sign in at Fernhill, your organization.</span></li>
          <li>
            <span
              >You ask a question. The assistant needs your calendar, which is at Almanac, another
              company.</span
            >
          </li>
          <li>
            <span
              >Almanac asks for your consent. A vault keeps the access for this assistant and for you.</span
            >
          </li>
          <li><span>After that, the assistant answers without asking for consent again.</span></li>
        </ol>
      </section>`,
  );

const agentChoice = ({ id, name, note }: ExampleAgent, chosen: boolean): Html => html`
  <label class="choice">
    <input type="radio" name="agent" value="${id}" required ${chosen ? html`checked` : undefined} />
    <span><strong>${name}</strong><span class="soft">${note}</span></span>
  </label>
`;

/** Returns a choice of agents, or a hidden field if there is only one agent. */
const agentChoices = (agents: readonly ExampleAgent[], chosen: ExampleAgent | undefined): Html =>
  agents.length === 1
    ? html`<input type="hidden" name="agent" value="${agents[0]?.id}" />`
    : html`<fieldset class="choices">
        <legend>Which agent do you want to ask?</legend>
        ${agents.map((agent, index) => agentChoice(agent, chosen ? agent === chosen : index === 0))}
      </fieldset>`;

const askForm = (session: BrowserSession, agents: readonly ExampleAgent[]): Html => html`
  <form class="form" method="post" action="/ask">
    ${csrfField(session)}${agentChoices(agents, session.run?.agent)}
    <div class="ask">
      <input name="question" value="${SUGGESTION}" aria-label="Your question" maxlength="500" required />
      <button>Ask</button>
    </div>
  </form>
`;

const askAgain = (session: BrowserSession, asked: Pick<Run, 'agent' | 'question'>): Html => html`
  <form class="row stretch" method="post" action="/ask">
    ${csrfField(session)}
    <input type="hidden" name="agent" value="${asked.agent.id}" />
    <input type="hidden" name="question" value="${asked.question}" />
    <button>Ask again</button>
  </form>
`;

function dayName(start: Date): string {
  const today = new Date();
  const tomorrow = new Date();
  tomorrow.setDate(today.getDate() + 1);
  const name = date.format(start);
  if (start.toDateString() === today.toDateString()) return `Today, ${name}`;
  if (start.toDateString() === tomorrow.toDateString()) return `Tomorrow, ${name}`;
  return name;
}

const eventRow = ({ title, location, start, end }: Event): Html => html`
  <div class="event">
    <time datetime="${start}">${time.format(new Date(start))} – ${time.format(new Date(end))}</time>
    <div><strong>${title}</strong><span class="soft">${location}</span></div>
  </div>
`;

function eventsCard(question: string, events: readonly Event[]): Html {
  const days = new Map<string, Event[]>();
  for (const event of events) {
    const name = dayName(new Date(event.start));
    days.set(name, [...(days.get(name) ?? []), event]);
  }
  const listing = [...days].map(
    ([name, entries]) =>
      html`<div class="day">
        <h2>${name}</h2>
        ${entries.map(eventRow)}
      </div>`,
  );
  return html`<section class="card" aria-live="polite">
    <div class="stack">
      <p class="eyebrow">From your Almanac calendar</p>
      <p class="lead">“${question}”</p>
    </div>
    ${listing.length > 0 ? listing : html`<p>There are no events.</p>`}
  </section>`;
}

const consentCard = (agent: ExampleAgent, authorizationUrl: string): Html => html`
  <section class="card" aria-live="polite">
    <div class="stack">
      <p class="eyebrow">One thing first</p>
      <h1>Can the assistant read your calendar?</h1>
      <p class="lead">Your calendar is at Almanac, and Almanac asks for your consent.</p>
    </div>
    <ul class="stack">
      <li><strong>Requested by:</strong> Fernhill's ${agent.name}, on your behalf.</li>
      <li><strong>Purpose:</strong> to see your events. The agent cannot change them.</li>
      <li>
        <strong>Stored in:</strong> a vault that opens only for this agent and you together, never for either
        alone.
      </li>
    </ul>
    <div class="row stretch"><a class="button" href="${authorizationUrl}">Continue to Almanac</a></div>
    <p class="soft">The link is valid for 10 minutes. The agent waits for you.</p>
  </section>
`;

const progress = (text: string): Html => html`<p class="progress" role="status">${text}</p>`;

/**
 * Yields what the agent reports, as it arrives, until the answer. Stops early when the user must act, because the
 * user returns to a new page.
 */
export async function* runParts(session: BrowserSession, run: Run): AsyncGenerator<Html> {
  for await (const news of run.follow()) {
    switch (news.kind) {
      case 'progress':
        yield progress(news.text);
        break;
      case 'consent':
        if (run.consentGiven) {
          yield progress('You allowed access at Almanac');
        } else if (run.endsWith(news)) {
          yield consentCard(run.agent, news.authorizationUrl);
          return;
        }
        break;
      case 'events':
        yield eventsCard(run.question, news.events);
        return;
      case 'sign-in':
        yield noticeCard('Please sign in again', 'Your sign-in is no longer valid.', signInAgain);
        return;
      case 'failed':
        yield noticeCard('The assistant could not answer', news.reason, askAgain(session, run));
        return;
    }
  }
}

const noticeCard = (title: string, text: string, next: Html): Html => html`
  <section class="card" role="status">
    <div class="stack">
      <h1>${title}</h1>
      <p class="lead">${text}</p>
    </div>
    ${next}
  </section>
`;

const signInAgain = signInForm('Sign in');

/** Returns the page of a signed-in user: the question box. The output of `runParts` follows below it. */
export const askPage = (
  session: BrowserSession,
  user: SignedInUser,
  { agents, portalUrl }: { readonly agents: readonly ExampleAgent[]; readonly portalUrl: string },
): Page =>
  page(
    'Ask',
    html`<section class="card">
      <div class="stack">
        <h1>Hello, ${user.name.split(' ')[0]}</h1>
        <p class="lead">What would you like to know?</p>
      </div>
      ${askForm(session, agents)}
      <p class="soft">It also understands “today” and “tomorrow”.</p>
      <p class="soft"><a href="${portalUrl}">Your agents</a>: see what they can reach, and end it.</p>
    </section>`,
    session,
  );

/** The user denied access at the calendar provider. */
export const deniedPage = (session: BrowserSession, run: Run): Page =>
  page(
    'Not connected',
    noticeCard(
      'You denied access',
      'The assistant has no access to your calendar, and nothing was shared. If you change your mind, ask again: Almanac will ask for your consent again.',
      askAgain(session, run),
    ),
    session,
  );

/** The browser came back, but the service did not complete the consent session. */
export const notConnectedPage = (session: BrowserSession, run: Run): Page =>
  page(
    'Not connected',
    noticeCard(
      'Your calendar was not connected',
      "The permission is no longer valid, was already used, or belongs to another user's question. Nothing was shared. Ask again to get a new link.",
      askAgain(session, run),
    ),
    session,
  );

/** The browser came back from a consent that its session did not request. */
export const unknownReturnPage = (session: BrowserSession, agent: ExampleAgent): Page =>
  page(
    'Not connected',
    noticeCard(
      'You did not ask this question here',
      'The link belongs to another browser or an earlier visit, or was already used. Nothing was shared. Ask again to start over.',
      askAgain(session, { agent, question: SUGGESTION }),
    ),
    session,
  );

export const signInNeededPage = (): Page =>
  page(
    'Sign in',
    noticeCard(
      'Please sign in first',
      'You are not signed in here, or your sign-in is no longer valid. Nothing was shared. Sign in, and ask your question again.',
      signInAgain,
    ),
  );

export const signInFailedPage = (): Page =>
  page(
    'Not signed in',
    noticeCard(
      'You are not signed in',
      'The sign-in was canceled, took too long, or was started in another browser. Please try again.',
      signInAgain,
    ),
  );

export const staleFormPage = (): Page =>
  page(
    'Nothing was done',
    noticeCard(
      'This page was out of date',
      'Nothing was changed. Go back to the start page, and try again.',
      html`<div class="row stretch"><a class="button" href="/">Go to the start page</a></div>`,
    ),
  );

export const notFoundPage = (): Page =>
  page(
    'Not found',
    noticeCard(
      'Page not found',
      'Check the address, or go to the start page.',
      html`<div class="row stretch"><a class="button" href="/">Go to the start page</a></div>`,
    ),
  );
