/** The portal's main page: each agent, and what it can reach for the person. */
import type { Connection } from '../domain/portal/connection';
import type { AgentView, PortalView } from '../domain/portal/view';
import { html, type Html } from './html';
import { ICONS, type IconName } from './icons';
import type { Tone } from './message-page';
import { csrfField, frameOf, technicalName, type PersonFrame, type PortalFrame } from './portal-frame';
import type { ConsentError } from './portal-pages';
import { scopeList } from './scopes';
import { renderShell, type RenderedPage } from './shell';

/** What happened just before, shown as the first heading. */
export type Notice =
  | { readonly kind: 'connected'; readonly provider: string; readonly agent: string }
  | { readonly kind: 'not-connected'; readonly error: ConsentError };

type Status = Connection['status'];

const STATUS: Readonly<
  Record<Status, { readonly word: string; readonly icon: IconName; readonly tone: Tone }>
> = {
  NOT_CONNECTED: { word: 'Not connected', icon: 'circle', tone: 'calm' },
  CONNECTED: { word: 'Connected', icon: 'check', tone: 'good' },
  NEEDS_CONSENT: { word: 'Permission needed', icon: 'warning', tone: 'warn' },
  UNAVAILABLE: { word: 'Temporarily unavailable', icon: 'clock', tone: 'warn' },
  UNREADABLE: { word: 'Cannot be read', icon: 'warning', tone: 'bad' },
};

const EXPLANATION: Partial<Record<Status, string>> = {
  NEEDS_CONSENT: 'The earlier permission no longer works.',
  UNAVAILABLE: 'The last attempt to get access failed. The service tries again by itself.',
  UNREADABLE:
    'The record of this connection is damaged. The agent cannot use the account. Tell the operator of this page.',
};

const status = (word: string, icon: IconName, tone: Tone): Html =>
  html`<span class="status ${tone}">${ICONS[icon]}${word}</span>`;

const DATE = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});

/** Returns a date in words. The server does not know the person's time zone, so it shows no time of day. */
function dateInWords(date: Date): Html {
  const day = date.toISOString().slice(0, 10);
  return html`<time datetime="${day}">${DATE.format(date)}</time>`;
}

function datesOf({ status: state, connectedAt, lastUsedDate }: Connection): Html | undefined {
  if (state === 'NOT_CONNECTED' || connectedAt === undefined) return undefined;
  const since = dateInWords(new Date(connectedAt * 1000));
  const used =
    lastUsedDate === undefined
      ? 'Not used yet'
      : html`Last used on ${dateInWords(new Date(`${lastUsedDate}T00:00:00Z`))}`;
  return html`<p class="soft small">Connected on ${since}. ${used}.</p>`;
}

interface FormOptions {
  readonly action: string;
  readonly person: PersonFrame;
  readonly connection: Connection;
  readonly word: string;
  /** The rest of the button's name, for people who do not see the row. It follows the visible word (WCAG 2.2, 2.5.3). */
  readonly rest: string;
  readonly look: string;
}

const form = ({ action, person, connection, word, rest, look }: FormOptions): Html =>
  html`<form method="post" action="${action}">
    ${csrfField(person)}<input type="hidden" name="connection" value="${connection.key}" /><button
      class="button compact ${look}"
      aria-label="${word} ${rest}"
    >
      ${word}
    </button>
  </form>`;

const actionsOf = (path: string, person: PersonFrame, agent: AgentView, connection: Connection): Html => {
  const { provider, canConnect, canDisconnect } = connection;
  const first = connection.status === 'NOT_CONNECTED';
  const common = { person, connection };
  const connect = {
    ...common,
    action: `${path}/connect`,
    word: first ? 'Connect' : 'Reconnect',
    rest: `${provider.displayName} to ${agent.displayName}`,
    look: connection.status === 'CONNECTED' ? 'plain' : '',
  };
  const disconnect = {
    ...common,
    action: `${path}/disconnect`,
    word: 'Disconnect',
    rest: `${provider.displayName} from ${agent.displayName}`,
    look: 'danger',
  };
  return html`${canConnect && form(connect)}${canDisconnect && form(disconnect)}`;
};

function scopesOf(
  { displayName }: AgentView,
  { provider, scopes, scopesNotShown, status: state, canConnect }: Connection,
): Html | undefined {
  if (scopes.length === 0 && scopesNotShown === undefined) {
    return state === 'NOT_CONNECTED' && canConnect
      ? html`<p class="small">
          When you connect it, ${provider.displayName} shows what ${displayName} can do.
        </p>`
      : undefined;
  }
  return html`<details>
    <summary>What ${displayName} ${state === 'NOT_CONNECTED' ? 'asks for' : 'can do'}</summary>
    ${scopeList(scopes)}
    ${
      scopesNotShown !== undefined &&
      html`<p class="small">
        Further permissions: ${String(scopesNotShown)}. They are too many for this page. To see and choose
        what the agent gets, disconnect the account, and connect it again.
      </p>`
    }
  </details>`;
}

/** What a person can do that has no button for it. The note about a suspended agent says why it cannot be connected. */
function missingButtons(
  { suspended }: AgentView,
  { provider, status: state, canConnect, canDisconnect, scopesNotShown }: Connection,
): readonly string[] {
  const isConnected = state === 'CONNECTED' || state === 'UNAVAILABLE';
  const isIdle = state === 'NOT_CONNECTED' || state === 'NEEDS_CONSENT';
  return [
    ...(state === 'NEEDS_CONSENT' && canConnect ? ['Reconnect to let the agent continue.'] : []),
    ...(isIdle && !canConnect && !suspended && scopesNotShown === undefined
      ? ['This page cannot connect it. Ask the operator of this page.']
      : []),
    ...(isConnected && !canDisconnect
      ? [
          `This page cannot disconnect it. Ask the operator of this page, or remove the application in your account settings at ${provider.displayName}.`,
        ]
      : []),
  ];
}

function connectionRow(path: string, person: PersonFrame, agent: AgentView, connection: Connection): Html {
  const { provider, purpose, servers, status: state } = connection;
  const { word, icon, tone } = STATUS[state];
  const explanation = EXPLANATION[state];
  return html`<li class="connection">
    <span class="tile" aria-hidden="true">${[...provider.displayName][0]?.toUpperCase() ?? ''}</span>
    <div>
      <div class="name">
        <h3>${provider.displayName}</h3>
        ${technicalName(provider)}${status(word, icon, tone)}
      </div>
      ${servers.map((server) => html`<p class="small">For <code>${server}</code></p>`)}
      ${purpose !== undefined && html`<p>${purpose}</p>`}
      ${explanation !== undefined && html`<p class="small">${explanation}</p>`}
      ${missingButtons(agent, connection).map((text) => html`<p class="small">${text}</p>`)}
      ${datesOf(connection)} ${scopesOf(agent, connection)}
    </div>
    <div class="do">${actionsOf(path, person, agent, connection)}</div>
  </li>`;
}

/** The parameter of the address from which on the connections of one agent are shown. */
export const AFTER = 'after';

/** Returns what is said of an agent without a row. Records of ended connections can be in the place of rows. */
function withoutConnections({ next }: AgentView, isContinued: boolean): string {
  if (next !== undefined) return 'This part of the list has only accounts that were disconnected.';
  return isContinued ? 'There are no further connections.' : 'You connected no account to this agent.';
}

/** The end of all access of an agent. Opening it asks the question, and the button answers it. */
const disconnectAll = (path: string, person: PersonFrame, { name, displayName }: AgentView): Html =>
  html`<details>
    <summary>Disconnect all accounts</summary>
    <p>
      ${displayName} loses access to all of your accounts, also to those that are not on this page. Each
      provider is asked to end the access, too. Some providers then also end the access of other agents that
      use the same application, or of other people who share it in a workspace.
    </p>
    <form method="post" action="${path}/disconnect">
      ${csrfField(person)}<input type="hidden" name="agent" value="${name}" /><button
        class="button compact danger"
        aria-label="Disconnect all accounts from ${displayName}"
      >
        Disconnect all accounts
      </button>
    </form>
  </details>`;

function agentCard(path: string, person: PersonFrame, agent: AgentView, isContinued: boolean): Html {
  const { displayName, suspended, connections, next, canDisconnectAll } = agent;
  return html`<section class="card agent">
    <header>
      <h2>${displayName}</h2>
      ${technicalName(agent)}${suspended && status('Suspended', 'pause', 'bad')}
    </header>
    ${
      suspended &&
      html`<div class="note bad">
        ${ICONS.pause}
        <p>
          The operator suspended this agent. It can use no account of yours until the operator resumes it. You
          can disconnect it all the same.
        </p>
      </div>`
    }
    ${
      connections.length === 0
        ? html`<p class="soft">${withoutConnections(agent, isContinued)}</p>`
        : html`<ul>
            ${connections.map((connection) => connectionRow(path, person, agent, connection))}
          </ul>`
    }
    ${
      next !== undefined &&
      html`<p><a href="${path}?${AFTER}=${next}">More connections of ${displayName}</a></p>`
    }
    ${canDisconnectAll && disconnectAll(path, person, agent)}
    ${isContinued && html`<p><a href="${path}">All agents</a></p>`}
  </section>`;
}

interface Opening {
  readonly title: string;
  readonly lead: string | Html;
  readonly mark?: { readonly icon: IconName; readonly tone: Tone };
}

const OPENING: Opening = {
  title: 'Your agents and their access',
  lead: 'These agents can act for you. You decide what each of them can reach, and you can disconnect at any time.',
};

const NOT_CONNECTED: Readonly<Record<ConsentError, Opening>> = {
  access_denied: {
    title: 'Access was not granted',
    lead: 'Nothing was connected. If that is what you wanted, there is nothing more to do. Otherwise, choose Connect again.',
  },
  provider_unavailable: {
    title: 'The provider is not available at the moment',
    lead: html`The provider of the account could not process the request, so nothing was connected
    (<code>provider_unavailable</code>). Choose Connect again in a few minutes. If the error persists, send
    this message to the operator of this page.`,
    mark: { icon: 'warning', tone: 'warn' },
  },
  provider_error: {
    title: 'The provider did not grant access',
    lead: html`The provider of the account responded with an error, so nothing was connected
    (<code>provider_error</code>). Choose Connect again. If the error persists, send this message to the
    operator of this page.`,
    mark: { icon: 'warning', tone: 'warn' },
  },
};

/**
 * Returns the first lines of the page. The address names what happened, and anyone can write an address, so a connection
 * is reported only if it exists.
 */
function openingOf(agents: readonly AgentView[], notice: Notice | undefined): Opening {
  if (notice?.kind === 'not-connected') return NOT_CONNECTED[notice.error];
  const agent = agents.find(({ name }) => name === notice?.agent);
  const connection = agent?.connections.find(
    ({ provider, status: state }) => provider.name === notice?.provider && state === 'CONNECTED',
  );
  if (!agent || !connection) return OPENING;
  return {
    title: `${agent.displayName} can use ${connection.provider.displayName} now`,
    lead: 'You can close this page. To end the access, come back at any time and choose Disconnect.',
    mark: { icon: 'check', tone: 'good' },
  };
}

/** The names stay unsaid: the agents can belong to owners of which this portal must not say anything. */
const hiddenNote = (count: number): Html =>
  html`<div class="note warn">
    ${ICONS.warning}
    <p>
      ${count === 1 ? '1 other agent' : `${String(count)} other agents`} of this portal can have access to
      accounts of yours, and cannot be shown to you now. Sign out and sign in again. If this note stays, ask
      the operator of this page to end the access, or remove the application in your account settings at each
      provider.
    </p>
  </div>`;

/** Returns the page of the signed-in person's connections. */
export function renderView(
  frame: PortalFrame & { readonly person: PersonFrame },
  { agents, isContinued, hiddenAgents }: PortalView,
  notice?: Notice,
): RenderedPage {
  const { title, lead, mark } = openingOf(agents, notice);
  return renderShell({
    ...frameOf(frame),
    status: 200,
    title,
    main: html`${mark && html`<span class="mark ${mark.tone}">${ICONS[mark.icon]}</span>`}
      <h1>${title}</h1>
      <p class="lead">${lead}</p>
      ${hiddenAgents !== undefined && hiddenNote(hiddenAgents)}
      ${
        agents.length === 0
          ? html`<div class="card empty">
              <h2>There is nothing to connect</h2>
              <p class="soft">
                This portal has no agent that you can use now. Sign in again, or ask its operator.
              </p>
            </div>`
          : agents.map((agent) => agentCard(frame.path, frame.person, agent, isContinued))
      }`,
  });
}
