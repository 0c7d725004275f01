/** The example application's browser sessions. They are in memory, so users sign in again after a restart. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SignedInUser, SignInTransaction } from './openid-client';
import type { Run } from './run';

const COOKIE = 'fernhill_assistant';
const IDLE_MILLISECONDS = 8 * 60 * 60 * 1000;
const MAX_SESSIONS = 1000;

export interface BrowserSession {
  /** Repeated in every form (synchronizer token), because all ports of 127.0.0.1 belong to one site. */
  readonly csrfToken: string;
  /** A sign-in in progress. */
  signIn?: SignInTransaction;
  user?: SignedInUser;
  /** The session ID for agents. It reveals nothing about the browser session. */
  readonly agentSessionId: string;
  /** The last question and its run. */
  run?: Run;
  /** The last authorization that gave no access. Its page can be reloaded until the next question. */
  notConnected?: { readonly run: Run; readonly declined: boolean };
  /** The questions of this browser, by the `state` with which it returns from a consent. */
  readonly asked: Map<string, Run>;
}

export const randomToken = (): string => randomBytes(32).toString('base64url');

const newSession = (): BrowserSession => ({
  csrfToken: randomToken(),
  agentSessionId: randomUUID(),
  asked: new Map(),
});

export class BrowserSessions {
  /** @param ended is called for every session that ends, for any reason; must not reject */
  constructor(private readonly ended: (session: BrowserSession) => Promise<void>) {}

  private readonly sessions = new Map<string, { readonly session: BrowserSession; usedAt: number }>();

  /** Returns the live session of the browser that sent the request, if there is one. */
  find(request: IncomingMessage): BrowserSession | undefined {
    const id = cookieOf(request);
    const entry = id === undefined ? undefined : this.sessions.get(id);
    if (id === undefined || entry === undefined) return undefined;
    if (Date.now() - entry.usedAt > IDLE_MILLISECONDS) {
      void this.forget(id);
      return undefined;
    }
    entry.usedAt = Date.now();
    return entry.session;
  }

  /**
   * Starts a new session with a new identifier and ends the previous one. Used at sign-in, so that an attacker who knows
   * the old identifier gains nothing (session fixation).
   */
  async renew(request: IncomingMessage, response: ServerResponse): Promise<BrowserSession> {
    await this.end(request, response);
    const oldest = this.sessions.keys().next().value;
    if (this.sessions.size >= MAX_SESSIONS && oldest !== undefined) void this.forget(oldest);
    const id = randomToken();
    const session = newSession();
    this.sessions.set(id, { session, usedAt: Date.now() });
    response.setHeader('set-cookie', `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax`);
    return session;
  }

  async end(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('set-cookie', `${COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`);
    const id = cookieOf(request);
    if (id !== undefined) await this.forget(id);
  }

  private async forget(id: string): Promise<void> {
    const entry = this.sessions.get(id);
    this.sessions.delete(id);
    if (entry !== undefined) await this.ended(entry.session);
  }
}

function cookieOf(request: IncomingMessage): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
}
