/** The example application's browser sessions: in memory, for a restart only means signing in again. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SignedInUser, SignInTransaction } from './openid-client';
import type { Run } from './run';

const COOKIE = 'fernhill_assistant';
const IDLE_MILLISECONDS = 8 * 60 * 60 * 1000;
const MAX_SESSIONS = 1000;

export interface BrowserSession {
  /** Repeated in every form (synchronizer token): 127.0.0.1 is one site, whatever runs on its ports. */
  readonly csrfToken: string;
  /** A sign-in that was begun and has not come back yet. */
  signIn?: SignInTransaction;
  user?: SignedInUser;
  /** What agents know this session by; they tell nothing from it. */
  readonly agentSessionId: string;
  /** The last question and what comes of it. */
  run?: Run;
  /** The last authorization that gave no access: shown until the next question, however often it is loaded. */
  notConnected?: { readonly run: Run; readonly declined: boolean };
  /** What this browser has asked, by the state with which it comes back from a consent. */
  readonly asked: Map<string, Run>;
}

export const randomToken = (): string => randomBytes(32).toString('base64url');

const newSession = (): BrowserSession => ({
  csrfToken: randomToken(),
  agentSessionId: randomUUID(),
  asked: new Map(),
});

export class BrowserSessions {
  /** @param ended is told of every session that ends, by whatever way; must not reject */
  constructor(private readonly ended: (session: BrowserSession) => Promise<void>) {}

  private readonly sessions = new Map<string, { readonly session: BrowserSession; usedAt: number }>();

  /** The session of the browser that sent the request, if it has one that is still live. */
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
   * Gives the browser a new session under a new identifier and ends the one it had: at sign-in, so that
   * an identifier known from before is worth nothing after (session fixation).
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
