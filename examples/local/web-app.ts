/**
 * The example application: signs people in, hands their questions to the agent, and takes them back after
 * they have consented. It alone knows which browser is whose, so it is the one who confirms a consent.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  BedrockAgentCoreServiceException,
  CompleteResourceTokenAuthCommand,
  type BedrockAgentCoreClient,
} from '@aws-sdk/client-bedrock-agentcore';
import * as v from 'valibot';
import { AnswerSchema, type Answer, type Ask } from './agent-api';
import { BrowserSessions, randomToken, type BrowserSession } from './browser-session';
import type { LoopbackServer } from './loopback-server';
import type { OpenIdClient } from './openid-client';
import { redirect, sendPage } from './page';
import { readForm } from './request-body';
import * as pages from './web-app-pages';

/** Paths that others are told of: redirect URI at the identity provider, return URL at the identity service. */
export const REDIRECT_PATH = '/signed-in';
export const RETURN_PATH = '/connected';

/** A browser may have asked in several tabs; a consent that is pushed out can simply be asked for again. */
const MAX_OPEN_CONSENTS = 10;

export interface WebAppOptions {
  readonly server: LoopbackServer;
  readonly openId: OpenIdClient;
  readonly identity: BedrockAgentCoreClient;
  readonly agentUrl: string;
  /** Origin of the identity service: the only place that a consent may begin at. */
  readonly serviceOrigin: string;
}

export class WebApp {
  private readonly sessions = new BrowserSessions();

  constructor(private readonly options: WebAppOptions) {}

  /** Begins to answer requests on its server. */
  serve(): void {
    const { server } = this.options;
    server.serve(async (request, response) => {
      const url = new URL(request.url ?? '/', server.origin);
      switch (`${request.method ?? ''} ${url.pathname}`) {
        case 'GET /':
          await this.home(request, response);
          break;
        case 'GET /sign-in':
          await this.signIn(request, response);
          break;
        case `GET ${REDIRECT_PATH}`:
          await this.signedIn(request, response, url);
          break;
        case 'POST /ask':
          await this.ask(request, response);
          break;
        case `GET ${RETURN_PATH}`:
          await this.connected(request, response, url.searchParams);
          break;
        case 'POST /sign-out':
          await this.signOut(request, response);
          break;
        default:
          sendPage(response, 404, pages.notFoundPage());
      }
    });
  }

  private async home(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const session = this.sessions.find(request);
    const user = await this.freshUser(session);
    if (session === undefined || user === undefined) sendPage(response, 200, pages.welcomePage());
    else sendPage(response, 200, pages.askPage(session, user));
  }

  private async signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { transaction, authorizationUrl } = await this.options.openId.beginSignIn();
    this.sessions.renew(request, response).signIn = transaction;
    redirect(response, authorizationUrl);
  }

  private async signedIn(request: IncomingMessage, response: ServerResponse, callback: URL): Promise<void> {
    const transaction = this.sessions.find(request)?.signIn;
    if (transaction === undefined) {
      sendPage(response, 400, pages.signInFailedPage());
      return;
    }
    const user = await this.options.openId.completeSignIn(callback, transaction).catch(() => undefined);
    if (user === undefined) {
      this.sessions.end(request, response);
      sendPage(response, 400, pages.signInFailedPage());
      return;
    }
    this.sessions.renew(request, response).user = user;
    redirect(response, '/');
  }

  private async ask(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { session, form } = await this.postedForm(request);
    if (session === undefined) {
      sendPage(response, 403, pages.staleFormPage());
      return;
    }
    const question = form.get('question')?.trim().slice(0, 500);
    if (question) await this.askAgent(session, question);
    redirect(response, '/');
  }

  /** Where the identity service sends the browser once the calendar provider has had its answer. */
  private async connected(
    request: IncomingMessage,
    response: ServerResponse,
    parameters: URLSearchParams,
  ): Promise<void> {
    const session = this.sessions.find(request);
    const user = await this.freshUser(session);
    if (session === undefined || user === undefined) {
      sendPage(response, 401, pages.signInNeededPage());
      return;
    }
    const sessionUri = parameters.get('session_id') ?? '';
    const consent = session.consents.get(sessionUri);
    // Session binding: this very browser must have asked for it, or somebody else's consent could be slipped in.
    if (consent?.state !== (parameters.get('state') ?? '')) {
      sendPage(response, 400, pages.unknownReturnPage(session));
      return;
    }
    session.consents.delete(sessionUri);
    delete session.exchange;
    if (parameters.has('error')) {
      sendPage(response, 200, pages.deniedPage(session, consent.question));
      return;
    }
    try {
      const userIdentifier = { userToken: user.accessToken };
      await this.options.identity.send(new CompleteResourceTokenAuthCommand({ sessionUri, userIdentifier }));
    } catch (error) {
      if (!(error instanceof BedrockAgentCoreServiceException)) throw error;
      sendPage(response, 400, pages.notConnectedPage(session, consent.question));
      return;
    }
    await this.askAgent(session, consent.question);
    redirect(response, '/');
  }

  private async signOut(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { session } = await this.postedForm(request);
    if (session === undefined) {
      sendPage(response, 403, pages.staleFormPage());
      return;
    }
    const { user } = session;
    this.sessions.end(request, response);
    redirect(response, user === undefined ? '/' : await this.options.openId.signOutUrl(user));
  }

  /** A form that this application rendered for this very session; no session when it is not. */
  private async postedForm(
    request: IncomingMessage,
  ): Promise<{ session: BrowserSession; form: URLSearchParams } | { session?: never; form?: never }> {
    const session = this.sessions.find(request);
    const form = await readForm(request, this.options.server.origin);
    return session === undefined || form?.get('csrf_token') !== session.csrfToken ? {} : { session, form };
  }

  /** The session's user with a live access token; forgets a user whose sign-in cannot be renewed. */
  private async freshUser(session: BrowserSession | undefined) {
    if (session?.user === undefined) return undefined;
    const user = await this.options.openId.keepFresh(session.user);
    if (user === undefined) delete session.user;
    else session.user = user;
    return user;
  }

  private async askAgent(session: BrowserSession, question: string): Promise<void> {
    const user = await this.freshUser(session);
    if (user === undefined) return;
    const state = randomToken();
    const returnUrl = `${this.options.server.origin}${RETURN_PATH}`;
    const answer = await this.agentAnswer(user.accessToken, { question, returnUrl, state });
    if (answer.kind === 'consent') {
      const [oldest] = session.consents.keys();
      if (session.consents.size >= MAX_OPEN_CONSENTS && oldest !== undefined) session.consents.delete(oldest);
      session.consents.set(answer.sessionUri, { state, question });
    }
    session.exchange = { question, answer, at: Date.now() };
  }

  private async agentAnswer(accessToken: string, ask: Ask): Promise<Answer> {
    const response = await fetch(`${this.options.agentUrl}/ask`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(ask),
    });
    const answer = v.safeParse(AnswerSchema, response.ok ? await response.json() : undefined);
    if (!answer.success)
      return { kind: 'failed', reason: 'The agent does not answer. Please try again in a moment.' };
    if (answer.output.kind !== 'consent') return answer.output;
    // The link is put before the user, so it must lead where this application expects it to.
    return new URL(answer.output.authorizationUrl).origin === this.options.serviceOrigin
      ? answer.output
      : { kind: 'failed', reason: 'The agent asked for consent at an unexpected address.' };
  }
}
