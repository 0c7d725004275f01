/** The example agent against the running service: how it uses its workload access token, and which events it sends. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveAgent } from '../../examples/local/agent';
import { AgentEventSchema, type AgentEvent } from '../../examples/local/agent-api';
import { startBriefingAgent, type Briefing } from '../../examples/local/briefing-agent';
import { bindLoopback, type LoopbackServer } from '../../examples/local/loopback-server';
import { readEvents } from '../../examples/local/server-sent-events';
import * as v from 'valibot';
import { RETURN_URL, World, type TestAgent } from './support/world';

const EVENTS = [
  { title: 'Tea', location: 'Kitchen', start: '2026-01-01T10:00:00Z', end: '2026-01-01T11:00:00Z' },
];

let calendar: Server;
/** Responds to the request with this token. */
let answerCalendar: (response: ServerResponse, token: string) => void;
let server: LoopbackServer;
let agent: TestAgent;
/** The agent that sums up the events; undefined if it does not answer. */
let briefing: Briefing | undefined;

const world = World.ofFile({
  scopes: ['openid', 'offline_access', 'calendar.read'],
  issueRefreshToken: () => true,
});
beforeAll(async () => {
  calendar = createServer((request, response) => {
    answerCalendar(response, (request.headers.authorization ?? '').replace('Bearer ', ''));
  }).listen(0, '127.0.0.1');
  await once(calendar, 'listening');
});

afterAll(() => {
  calendar.close();
  calendar.closeAllConnections();
});

beforeEach(async () => {
  answerCalendar = withEvents;
  briefing = undefined;
  agent = await world.agent();
  server = await bindLoopback(0);
  const { port } = calendar.address() as AddressInfo;
  serveAgent(server, {
    identity: world.data(),
    calendarProvider: agent.providerName,
    eventsUrl: `http://127.0.0.1:${port}/events`,
    briefing: (...asked) => briefing?.(...asked) ?? Promise.reject(new Error('no briefing agent')),
  });
});

afterEach(() => server.close());

const withEvents = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ events: EVENTS }));
};

const post = (
  headers: Record<string, string>,
  body: string = JSON.stringify({ question: 'What is on?', state: 'of this browser' }),
  signal: AbortSignal | null = null,
): Promise<Response> =>
  fetch(`${server.origin}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    signal,
  });

/** The agent's events when it is invoked as the gate invokes it. */
async function* told(
  workloadAccessToken: string,
  signal: AbortSignal | null = null,
): AsyncGenerator<AgentEvent> {
  const headers = { WorkloadAccessToken: workloadAccessToken, OAuth2CallbackUrl: RETURN_URL };
  const response = await post(headers, undefined, signal);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  if (response.body === null) return;
  for await (const { data } of readEvents(response.body)) yield v.parse(AgentEventSchema, JSON.parse(data));
}

async function allTold(workloadAccessToken: string): Promise<AgentEvent[]> {
  const all: AgentEvent[] = [];
  for await (const news of told(workloadAccessToken)) all.push(news);
  return all;
}

/** The next event, which is a link for the user. */
async function linkIn(news: AsyncGenerator<AgentEvent>): Promise<string> {
  const { value } = (await news.next()) as { value: AgentEvent };
  return value.kind === 'consent' ? value.authorizationUrl : `no link, but ${value.kind}`;
}

const asking: AgentEvent = { kind: 'progress', text: 'Asking for access to the calendar' };
const reading: AgentEvent = { kind: 'progress', text: 'Reading the calendar' };
const answer: AgentEvent = { kind: 'events', events: EVENTS };

it("waits for the user's consent and answers, and the next time answers without waiting", async () => {
  const token = await agent.token({ userId: 'ana' });
  const news = told(token);
  expect((await news.next()).value).toEqual(asking);
  const back = await agent.consent(await linkIn(news));
  expect(back.searchParams.get('state')).toBe('of this browser');
  await agent.complete(back, { userId: 'ana' });
  expect((await news.next()).value).toEqual(reading);
  expect((await news.next()).value).toEqual(answer);
  expect((await news.next()).done).toBe(true);

  expect(await allTold(token)).toEqual([asking, reading, answer]);
});

it('asks the briefing agent, whose token names the user and both agents', async () => {
  const userToken = await world.issuer.token('ana', { client_id: 'calendar-app' });
  const briefingAgent = await startBriefingAgent({
    service: world.local,
    identityProvider: { discoveryUrl: world.issuer.discoveryUrl, clientId: 'calendar-app' },
    workloadName: `briefing-of-${agent.name}`,
    caller: agent.name,
  });
  briefing = briefingAgent.briefing;
  try {
    const token = await agent.token({ userToken });
    const news = told(token);
    expect((await news.next()).value).toEqual(asking);
    await agent.complete(await agent.consent(await linkIn(news)), { userToken });
    const rest: AgentEvent[] = [];
    for await (const each of news) rest.push(each);
    expect(rest).toEqual([
      reading,
      { kind: 'progress', text: expect.stringMatching(/^The briefing agent: One event\. /) as string },
      answer,
    ]);
    const minted = (await world.audit()).filter(({ workloadIdentity }) =>
      String(workloadIdentity).endsWith(`/briefing-of-${agent.name}`),
    );
    expect(minted.map(({ chain }) => chain)).toContainEqual([
      expect.stringMatching(new RegExp(`/${agent.name}$`)) as string,
    ]);
  } finally {
    await briefingAgent.close();
  }
  // Without the other agent, the user gets the events.
  expect(await allTold(await agent.token({ userToken }))).toEqual([asking, reading, answer]);
});

it('reports a token that the calendar rejects, and tries again with a new one', async () => {
  const token = await agent.token({ userId: 'ana' });
  const first = await agent.connect('ana', { scopes: ['calendar.read'] });
  const seen: string[] = [];
  answerCalendar = (response, bearer) => {
    seen.push(bearer);
    if (bearer === first) response.writeHead(401).end();
    else withEvents(response);
  };
  expect(await allTold(token)).toEqual([asking, reading, reading, answer]);
  expect(seen).toEqual([first, expect.not.stringMatching(first)]);
  expect(await world.audit()).toContainEqual(
    expect.objectContaining({ operation: 'RejectResourceOauth2Token', outcome: 'allowed' }),
  );
});

it.each([
  ['fails', (response: ServerResponse) => response.writeHead(503).end('out of order: token eyJ')],
  ['sends a response that is not valid', (response: ServerResponse) => response.end('<h1>Calendar</h1>')],
  ['breaks off', (response: ServerResponse) => response.destroy()],
])(
  'reports that the calendar could not be read, without its response, when the calendar %s',
  async (_name, fail) => {
    await agent.connect('ana', { scopes: ['calendar.read'] });
    answerCalendar = (response) => void fail(response);
    const reason = 'The agent could not read the calendar. Please try again in a moment.';
    const token = await agent.token({ userId: 'ana' });
    expect(await allTold(token)).toEqual([asking, reading, { kind: 'failed', reason }]);
  },
);

it('stops its work when its caller disconnects', async () => {
  await agent.connect('ana', { scopes: ['calendar.read'] });
  const hangUp = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    answerCalendar = (response) => {
      // The calendar never answers; the agent aborts the request.
      response.on('close', resolve);
      hangUp.abort();
    };
  });
  const news = told(await agent.token({ userId: 'ana' }), hangUp.signal);
  await expect(
    news
      .next()
      .then(() => news.next())
      .then(() => news.next()),
  ).rejects.toThrow();
  await stopped;
});

it.each([
  ['a forged workload access token', 'x.y.z'],
  ["another agent's workload access token", undefined],
])("reports the service's message for %s", async (_name, forged) => {
  const token = forged ?? (await (await world.agent('stranger')).token({ userId: 'ana' }));
  const [first, second, ...rest] = await allTold(token);
  expect(first).toEqual(asking);
  expect(second?.kind).toBe('failed');
  expect(JSON.stringify(second)).not.toContain(token);
  expect(rest).toEqual([]);
});

it.each([
  ['without a workload access token', 401, {}, undefined],
  ['with an empty workload access token', 401, { WorkloadAccessToken: '' }, undefined],
  ['without a JSON body', 400, { WorkloadAccessToken: 'x' }, '{'],
  ['without a question', 400, { WorkloadAccessToken: 'x' }, '{"question":"","state":"x"}'],
  [
    'with a body that is too large',
    400,
    { WorkloadAccessToken: 'x' },
    JSON.stringify({ question: 'x', state: 'x'.repeat(20_000) }),
  ],
] as const)('rejects an invocation %s', async (_name, status, headers, body) => {
  expect((await post(headers, body)).status).toBe(status);
});

it('answers a ping, and no other path', async () => {
  const ping = await fetch(`${server.origin}/ping`);
  expect(await ping.json()).toEqual({ status: 'Healthy' });
  expect((await fetch(`${server.origin}/invocations`)).status).toBe(404);
});
