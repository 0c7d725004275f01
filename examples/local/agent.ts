/**
 * The example agent: an HTTP agent with the contract of Amazon Bedrock AgentCore Runtime (`POST /invocations`,
 * `GET /ping`), which the gate invokes. The agent holds no user credentials and never sees the user's token. With its
 * workload access token, which names the agent and the user, the agent gets a calendar token for this pair only.
 * examples/python/agent.py does the same. Behind a gateway, the agent gets no token of the user at all.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  BedrockAgentCoreServiceException,
  type BedrockAgentCoreClient,
} from '@aws-sdk/client-bedrock-agentcore';
import * as v from 'valibot';
import {
  AccessTokenRejectedError,
  ConsentFailedError,
  ConsentTimeoutError,
  fromGate,
  gatewayFetch,
  ReplacementTokenRejectedError,
  withAccessToken,
  WorkloadAccessTokenError,
  type GateOptions,
} from '../../lib/client/index';
import { AskSchema, EventSchema, LONGEST_SILENCE, type Ask, type Event, type AgentEvent } from './agent-api';
import type { Briefing } from './briefing-agent';
import type { LoopbackServer } from './loopback-server';
import { readJson } from './request-body';
import { beginEvents, sendEvent } from './server-sent-events';

const CalendarSchema = v.object({ events: v.array(EventSchema) });

export interface AgentOptions {
  readonly identity: BedrockAgentCoreClient;
  /** Name of the credential provider. */
  readonly calendarProvider: string;
  /** Of the calendar, or of the target of the gateway. */
  readonly eventsUrl: string;
  /** The gateway that attaches the access token. Without it, the agent gets the token and attaches it itself. */
  readonly gatewayUrl?: string;
  /** Another agent, which sums up the events. */
  readonly briefing?: Briefing;
}

/** Sends one event to the caller. */
type Tell = (news: AgentEvent) => void;

/** Starts to answer invocations on an already bound server. */
export function serveAgent(server: LoopbackServer, options: AgentOptions): void {
  server.serve(async (request, response) => {
    switch (`${request.method ?? ''} ${request.url ?? ''}`) {
      case 'GET /ping':
        sendJson(response, 200, { status: 'Healthy' });
        break;
      case 'POST /invocations':
        await invoked(options, request, response);
        break;
      default:
        sendJson(response, 404, { error: 'The path was not found.' });
    }
  });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

/** Logs the reason, because the gate refers its caller to the agent's log. */
function refuse(response: ServerResponse, status: number, error: string): void {
  process.stderr.write(`The calendar agent answered an invocation with status ${status}. ${error}\n`);
  sendJson(response, status, { error });
}

async function invoked(
  options: AgentOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const ask = v.safeParse(AskSchema, await readJson(request));
  if (!ask.success) {
    refuse(
      response,
      400,
      'The request body is not valid. Send JSON of the form {"question": "…", "state": "…"}.',
    );
    return;
  }
  const gate = throughGate(request);
  if (gate === undefined) {
    refuse(response, 401, 'The workload access token is missing. Invoke this agent through its gate.');
    return;
  }
  const disconnected = new AbortController();
  response.on('close', () => {
    disconnected.abort();
  });
  beginEvents(response);
  const tell: Tell = (news) => {
    sendEvent(response, news);
  };
  const stillThere = setInterval(tell, LONGEST_SILENCE * 1000, { kind: 'waiting' });
  try {
    tell({ kind: 'events', events: await eventsFor(options, gate, ask.output, tell, disconnected.signal) });
  } catch (error) {
    if (disconnected.signal.aborted) return;
    tell({ kind: 'failed', reason: reasonOf(error) });
  } finally {
    clearInterval(stillThere);
    response.end();
  }
}

/** @returns undefined when the request has no workload access token. */
function throughGate(request: IncomingMessage): GateOptions | undefined {
  try {
    return fromGate(request.headers);
  } catch (error) {
    if (error instanceof WorkloadAccessTokenError) return undefined;
    throw error;
  }
}

async function eventsFor(
  { identity, calendarProvider, eventsUrl, gatewayUrl, briefing }: AgentOptions,
  gate: GateOptions,
  { question, state }: Ask,
  tell: Tell,
  signal: AbortSignal,
): Promise<Event[]> {
  const consent = {
    identity,
    ...gate,
    customState: state,
    onAuthUrl: (authorizationUrl: string) => {
      tell({ kind: 'consent', authorizationUrl });
    },
    signal,
  };
  const throughGateway = async (url: string): Promise<readonly Event[]> => {
    const response = await gatewayFetch(url, consent)(eventsUrl);
    tell({ kind: 'progress', text: 'Reading the calendar' });
    return eventsIn(response);
  };
  const directly = withAccessToken({
    ...consent,
    providerName: calendarProvider,
    scopes: ['calendar.read'],
    authFlow: 'USER_FEDERATION',
  })(async ({ accessToken }) => {
    tell({ kind: 'progress', text: 'Reading the calendar' });
    return readCalendar(eventsUrl, accessToken, signal);
  });

  tell({ kind: 'progress', text: 'Asking for access to the calendar' });
  const events = eventsAskedFor(
    question,
    await (gatewayUrl === undefined ? directly() : throughGateway(gatewayUrl)),
  );
  if (briefing) await tellSummary(briefing, gate, events, tell);
  return events;
}

/** The other agent acts for the same user. Its token names both agents. */
async function tellSummary(
  briefing: Briefing,
  { workloadIdentityToken }: GateOptions,
  events: readonly Event[],
  tell: Tell,
): Promise<void> {
  try {
    tell({ kind: 'progress', text: `The briefing agent: ${await briefing(workloadIdentityToken, events)}` });
  } catch (error) {
    // The user gets the events without a summary.
    process.stderr.write(
      `The briefing agent did not answer: ${error instanceof Error ? error.message : 'unknown error'}\n`,
    );
  }
}

async function readCalendar(
  eventsUrl: string,
  accessToken: string,
  signal: AbortSignal,
): Promise<readonly Event[]> {
  const response = await fetch(eventsUrl, { headers: { authorization: `Bearer ${accessToken}` }, signal });
  // The calendar rejected the token, for example because it was revoked. Report it, and request another.
  if (response.status === 401) throw new AccessTokenRejectedError();
  return eventsIn(response);
}

async function eventsIn(response: Response): Promise<readonly Event[]> {
  if (!response.ok) throw new Error(`The calendar API returned status ${response.status}.`);
  return v.parse(CalendarSchema, await response.json()).events;
}

/** Knows only two words. A real agent would pass the question and the events to a model. */
function eventsAskedFor(question: string, events: readonly Event[]): Event[] {
  const days = /\btomorrow\b/i.test(question) ? 1 : /\btoday\b/i.test(question) ? 0 : undefined;
  if (days === undefined) return [...events];
  const day = new Date();
  day.setDate(day.getDate() + days);
  return events.filter(({ start }) => new Date(start).toDateString() === day.toDateString());
}

/** Returns the message for the user. Hides the details of errors whose messages are not meant for users. */
function reasonOf(error: unknown): string {
  const meantForPeople = [
    BedrockAgentCoreServiceException,
    ConsentFailedError,
    ConsentTimeoutError,
    ReplacementTokenRejectedError,
    WorkloadAccessTokenError,
  ].some((kind) => error instanceof kind);
  if (meantForPeople && error instanceof Error) return error.message;
  process.stderr.write(`The agent failed: ${error instanceof Error ? error.message : 'unknown error'}\n`);
  return 'The agent could not read the calendar. Please try again in a moment.';
}
