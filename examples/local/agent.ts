/**
 * The example agent. It holds no user's credentials: for each question it trades the user's token for a
 * workload access token (agent and user in one), and that for a calendar token that is theirs alone.
 */
import type { ServerResponse } from 'node:http';
import {
  BedrockAgentCoreServiceException,
  GetResourceOauth2TokenCommand,
  GetWorkloadAccessTokenForJWTCommand,
  UnauthorizedException,
  type BedrockAgentCoreClient,
  type GetResourceOauth2TokenResponse,
} from '@aws-sdk/client-bedrock-agentcore';
import * as v from 'valibot';
import { AskSchema, EventSchema, type Answer, type Ask, type Event } from './agent-api';
import type { AgentIdentity } from './agent-setup';
import type { LoopbackServer } from './loopback-server';
import { readJson } from './request-body';

const SCOPES = ['calendar.read'];

const CalendarSchema = v.object({ events: v.array(EventSchema) });

function sendAnswer(response: ServerResponse, answer: Answer): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(answer));
}

export class Agent {
  constructor(
    private readonly identity: BedrockAgentCoreClient,
    private readonly self: AgentIdentity,
    private readonly eventsUrl: string,
  ) {}

  /** Serves `POST /ask` (see agent-api.ts), with the user's token as the bearer token. */
  serve(server: LoopbackServer): void {
    server.serve(async (request, response) => {
      const userToken = /^Bearer (?<token>\S+)$/i.exec(request.headers.authorization ?? '')?.groups?.token;
      const ask = v.safeParse(AskSchema, await readJson(request));
      if (request.method !== 'POST' || request.url !== '/ask' || !ask.success) {
        response.writeHead(400).end();
      } else if (userToken === undefined) {
        sendAnswer(response, { kind: 'sign-in' });
      } else {
        sendAnswer(response, await this.answer(userToken, ask.output));
      }
    });
  }

  private async answer(userToken: string, ask: Ask): Promise<Answer> {
    try {
      const workloadAccessToken = await this.workloadAccessToken(userToken);
      const first = await this.calendarToken(workloadAccessToken, ask, false);
      if (first.accessToken === undefined) return consentIsNeeded(first);
      const events = await this.readCalendar(first.accessToken);
      if (events !== undefined) return eventsAskedFor(ask.question, events);
      // The calendar refused a token that looked good, such as one that was taken back: ask for another, once.
      return consentIsNeeded(await this.calendarToken(workloadAccessToken, ask, true));
    } catch (error) {
      // The user's token is forged, expired, or of an issuer that is not trusted.
      if (error instanceof UnauthorizedException) return { kind: 'sign-in' };
      if (!(error instanceof BedrockAgentCoreServiceException)) throw error;
      return { kind: 'failed', reason: error.message };
    }
  }

  private async workloadAccessToken(userToken: string): Promise<string | undefined> {
    const command = new GetWorkloadAccessTokenForJWTCommand({
      workloadName: this.self.workloadName,
      userToken,
    });
    return (await this.identity.send(command)).workloadAccessToken;
  }

  private calendarToken(
    workloadIdentityToken: string | undefined,
    ask: Ask,
    forceAuthentication: boolean,
  ): Promise<GetResourceOauth2TokenResponse> {
    return this.identity.send(
      new GetResourceOauth2TokenCommand({
        workloadIdentityToken,
        resourceCredentialProviderName: this.self.credentialProviderName,
        oauth2Flow: 'USER_FEDERATION',
        scopes: SCOPES,
        resourceOauth2ReturnUrl: ask.returnUrl,
        customState: ask.state,
        forceAuthentication,
      }),
    );
  }

  /** @returns undefined when the calendar does not accept the token. */
  private async readCalendar(accessToken: string): Promise<readonly Event[] | undefined> {
    const response = await fetch(this.eventsUrl, { headers: { authorization: `Bearer ${accessToken}` } });
    if (response.status === 401) return undefined;
    if (!response.ok) throw new Error(`The calendar answered ${response.status}.`);
    return v.parse(CalendarSchema, await response.json()).events;
  }
}

function consentIsNeeded({ authorizationUrl, sessionUri }: GetResourceOauth2TokenResponse): Answer {
  return authorizationUrl === undefined || sessionUri === undefined
    ? { kind: 'failed', reason: 'The calendar could not be connected.' }
    : { kind: 'consent', authorizationUrl, sessionUri };
}

/** Where a real agent would hand question and events to a model, this one knows two words. */
function eventsAskedFor(question: string, events: readonly Event[]): Answer {
  const days = /\btomorrow\b/i.test(question) ? 1 : /\btoday\b/i.test(question) ? 0 : undefined;
  if (days === undefined) return { kind: 'events', events: [...events] };
  const day = new Date();
  day.setDate(day.getDate() + days);
  const wanted = events.filter(({ start }) => new Date(start).toDateString() === day.toDateString());
  return { kind: 'events', events: wanted };
}
