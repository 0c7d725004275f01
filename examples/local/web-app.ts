/**
 * The example application. It signs users in, sends their questions to an agent through the agent's gate, shows the
 * answer as it arrives, and receives users back after they consent. Only the application knows which user a browser
 * belongs to, so the application confirms the consent.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  BedrockAgentCoreServiceException,
  type BedrockAgentCoreClient,
} from '@aws-sdk/client-bedrock-agentcore';
import { AuthorizationReturnError, completeAuthorization } from '../../lib/client/index';
import { invokeAgent, type ExampleAgent, type InvocationEvent } from './agent-invocation';
import { BrowserSessions, randomToken, type BrowserSession } from './browser-session';
import type { LoopbackServer } from './loopback-server';
import type { OpenIdClient } from './openid-client';
import { redirect, sendPage, streamPage } from './page';
import { readForm } from './request-body';
import { Run } from './run';
import * as pages from './web-app-pages';

/** Paths that other parties use: redirect URI at the identity provider, return URL at the identity service. */
export const REDIRECT_PATH = '/signed-in';
export const RETURN_PATH = '/connected';

/** Where the application redirects a browser that comes back without access. The return URL works only once. */
const NOT_CONNECTED_PATH = '/not-connected';

/** A user can ask in several tabs. If an older question is dropped, the user can ask it again. */
const MAX_ASKED = 10;

export interface WebAppOptions {
  readonly server: LoopbackServer;
  readonly openId: OpenIdClient;
  readonly identity: BedrockAgentCoreClient;
  /** The agents that users can ask. The first is the default. */
  readonly agents: readonly [ExampleAgent, ...ExampleAgent[]];
  /** Origin of the identity service, the only origin where a consent can begin. */
  readonly serviceOrigin: string;
  /** The page on which users see and end the access of their agents. */
  readonly portalUrl: string;
}

export class WebApp {
  private readonly sessions = new BrowserSessions((session) => this.ended(session));

  constructor(private readonly options: WebAppOptions) {}

  /** Starts to answer requests on its server. */
  serve(): void {
    const { server } = this.options;
    server.serve(async (request, response) => {
      const url = new URL(request.url ?? '/', server.origin);
      switch (`${request.method ?? ''} ${url.pathname}`) {
        case 'GET /':
          await this.home(request, response);
          break;
        case 'POST /sign-in':
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
        case `GET ${NOT_CONNECTED_PATH}`:
          await this.notConnected(request, response);
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
    if (session === undefined || user === undefined) {
      sendPage(response, 200, pages.welcomePage());
      return;
    }
    const page = pages.askPage(session, user, this.options);
    if (session.run === undefined) sendPage(response, 200, page);
    else await streamPage(response, page, pages.runParts(session, session.run));
  }

  /**
   * Requires a POST from a page of this application, so that neither a prefetched link nor a page elsewhere can start
   * or end a session. An existing session ends before the sign-in: its refresh token and the next one can belong to one
   * grant, and revocation ends the whole grant.
   */
  private async signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if ((await readForm(request, this.options.server.origin)) === undefined) {
      sendPage(response, 403, pages.staleFormPage());
      return;
    }
    const { transaction, authorizationUrl } = await this.options.openId.beginSignIn();
    (await this.sessions.renew(request, response)).signIn = transaction;
    redirect(response, authorizationUrl);
  }

  private async signedIn(request: IncomingMessage, response: ServerResponse, callback: URL): Promise<void> {
    const session = this.sessions.find(request);
    // An unsolicited response ends neither the sign-in in progress nor a live session.
    const state = callback.searchParams.get('state');
    const transaction = session?.signIn?.state === state ? session?.signIn : undefined;
    if (session === undefined || transaction === undefined) {
      sendPage(response, 400, pages.signInFailedPage());
      return;
    }
    delete session.signIn;
    const user = await this.options.openId.completeSignIn(callback, transaction).catch(() => undefined);
    if (user === undefined) {
      sendPage(response, 400, pages.signInFailedPage());
      return;
    }
    (await this.sessions.renew(request, response)).user = user;
    redirect(response, '/');
  }

  private async ask(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { session, form } = await this.postedForm(request);
    if (session === undefined) {
      sendPage(response, 403, pages.staleFormPage());
      return;
    }
    const question = form.get('question')?.trim().slice(0, 500);
    const agent = this.options.agents.find(({ id }) => id === form.get('agent'));
    if (question && agent) await this.askAgent(session, agent, question);
    redirect(response, '/');
  }

  /** Where the identity service sends the browser after the user answers at the calendar provider. */
  private async connected(
    request: IncomingMessage,
    response: ServerResponse,
    parameters: URLSearchParams,
  ): Promise<void> {
    // The service's pages link back without parameters when nothing is left to complete.
    if (parameters.size === 0) {
      redirect(response, '/');
      return;
    }
    const session = this.sessions.find(request);
    const user = await this.freshUser(session);
    if (session === undefined || user === undefined) {
      sendPage(response, 401, pages.signInNeededPage());
      return;
    }
    const browser = { user: { userToken: user.accessToken }, states: session.asked.keys() };
    try {
      // Session binding: this browser must have requested the consent. Otherwise an attacker could inject another consent.
      const { identity } = this.options;
      const returned = { identity, url: parameters, browserSession: () => browser };
      await this.goOn(session, (await completeAuthorization(returned)).state);
      redirect(response, '/');
    } catch (error) {
      if (this.notCompleted(session, parameters.get('state') ?? '', error)) {
        redirect(response, NOT_CONNECTED_PATH);
      } else {
        sendPage(response, 400, pages.unknownReturnPage(session, this.options.agents[0]));
      }
    }
  }

  /** Resumes the agent's run, which waits for the consent. If the run has stopped, starts it again. */
  private async goOn(session: BrowserSession, state: string): Promise<void> {
    const run = session.asked.get(state);
    session.asked.delete(state);
    if (run === undefined) return;
    run.consentGiven = true;
    if (!run.live) await this.askAgent(session, run.agent, run.question);
  }

  private async notConnected(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const session = this.sessions.find(request);
    const user = await this.freshUser(session);
    if (session?.notConnected === undefined || user === undefined) {
      redirect(response, '/');
      return;
    }
    const { run, declined } = session.notConnected;
    sendPage(response, 200, declined ? pages.deniedPage(session, run) : pages.notConnectedPage(session, run));
  }

  /**
   * Stops the run that waits for an authorization that was not completed.
   *
   * @returns whether this browser session had requested the authorization
   */
  private notCompleted(session: BrowserSession, state: string, error: unknown): boolean {
    const declined = error instanceof AuthorizationReturnError && error.reason === 'declined';
    const refused = error instanceof BedrockAgentCoreServiceException;
    if (!refused && !(error instanceof AuthorizationReturnError)) throw error;
    const run = declined || refused ? session.asked.get(state) : undefined;
    if (run === undefined) return false;
    session.asked.delete(state);
    run.stop();
    if (session.run === run) delete session.run;
    session.notConnected = { run, declined };
    return true;
  }

  private async signOut(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { session } = await this.postedForm(request);
    if (session === undefined) {
      sendPage(response, 403, pages.staleFormPage());
      return;
    }
    const { user } = session;
    await this.sessions.end(request, response);
    redirect(response, user === undefined ? '/' : await this.options.openId.signOutUrl(user));
  }

  /** Stops the runs of an ended session, whose answers no page can show, and revokes its refresh token. */
  private async ended({ run, user }: BrowserSession): Promise<void> {
    run?.stop();
    if (user === undefined) return;
    await this.options.openId.revoke(user).catch((error: unknown) => {
      // The user is signed out of this application anyway.
      const cause = error instanceof Error ? error.message : 'unknown error';
      process.stderr.write(`A refresh token could not be revoked: ${cause}\n`);
    });
  }

  /** Returns the form and its session if this application rendered the form for this session. */
  private async postedForm(
    request: IncomingMessage,
  ): Promise<{ session: BrowserSession; form: URLSearchParams } | { session?: never; form?: never }> {
    const session = this.sessions.find(request);
    const form = await readForm(request, this.options.server.origin);
    return session === undefined || form?.get('csrf_token') !== session.csrfToken ? {} : { session, form };
  }

  /** Returns the session's user with a live access token. Ends the sign-in of a user whose token cannot be renewed. */
  private async freshUser(session: BrowserSession | undefined) {
    if (session?.user === undefined) return undefined;
    const user = await this.options.openId.keepFresh(session.user);
    if (user === undefined) delete session.user;
    else session.user = user;
    return user;
  }

  /** Starts a run and shows it from now on. Ends the previous run, because no page shows it anymore. */
  private async askAgent(session: BrowserSession, agent: ExampleAgent, question: string): Promise<void> {
    const user = await this.freshUser(session);
    if (user === undefined) return;
    const state = randomToken();
    const invocation = {
      agent,
      userToken: user.accessToken,
      sessionId: session.agentSessionId,
      ask: { question, state },
    };
    session.run?.stop();
    delete session.notConnected;
    session.run = new Run(agent, question, (signal) => this.watched(invokeAgent(invocation, signal)));
    const [oldest] = session.asked.keys();
    if (session.asked.size >= MAX_ASKED && oldest !== undefined) session.asked.delete(oldest);
    session.asked.set(state, session.run);
  }

  /** Forwards the agent's events. Rejects a link to any other origin, because the user trusts links on this page. */
  private async *watched(heard: AsyncIterable<InvocationEvent>): AsyncGenerator<InvocationEvent> {
    for await (const news of heard) {
      if (news.kind === 'consent' && new URL(news.authorizationUrl).origin !== this.options.serviceOrigin) {
        yield {
          kind: 'failed',
          reason:
            'The agent sent a consent link to an unexpected address. Report this to the operator of the agent.',
        };
        return;
      }
      yield news;
    }
  }
}
