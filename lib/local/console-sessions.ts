/**
 * The links and sessions of the console, in memory: they end with the service. A link holds a secret that is exchanged
 * once for a session. Only hashes of the secrets are kept.
 */
import { hashOf } from '../../lambda/domain/digest';
import { SESSION_SECONDS, type ConsoleSessions } from '../../lambda/api/console';
import { epochSeconds, type System } from '../../lambda/domain/system';

/** Seconds in which a link can be opened. */
const LINK_SECONDS = 15 * 60;

/** Links, and sessions, at the same time. The oldest ones end. */
const MAX_SECRETS = 100;

/** @returns the store of one running service */
export function createConsoleSessions(system: System): ConsoleSessions {
  /** By hash of the secret: epoch seconds of the end. */
  const links = new Map<string, number>();
  const sessions = new Map<string, number>();
  const add = (store: Map<string, number>, lifetime: number): string => {
    const secret = system.randomToken(32);
    store.set(hashOf(secret), epochSeconds(system) + lifetime);
    for (const oldest of [...store.keys()].slice(0, -MAX_SECRETS)) store.delete(oldest);
    return secret;
  };
  const isValid = (store: Map<string, number>, secret: string): boolean =>
    (store.get(hashOf(secret)) ?? 0) > epochSeconds(system);
  return {
    createLink: () => add(links, LINK_SECONDS),
    hasLink: (link) => isValid(links, link),
    open: (link) => {
      const valid = isValid(links, link);
      links.delete(hashOf(link));
      return valid ? add(sessions, SESSION_SECONDS) : undefined;
    },
    has: (session) => isValid(sessions, session),
    end: (session) => {
      sessions.delete(hashOf(session));
    },
  };
}
