/** The secrets of a run: where each may be sent, and that no log line and no error contains one. */
import { isIdentityAssertion } from '../../lambda/domain/identity/identity-assertion';
import { SecretSearch } from '../secrets/search';
import { secretPart } from '../secrets/secret-part';
import type { Exchange } from './fault-proxy';

/** A word that can be a token, a code, or a secret. */
const WORD = /[\w.~-]{16,}/g;

/** Secrets in one search. A whole run has many thousands, whose parts need more memory than a process has. */
const SEARCHED_TOGETHER = 5000;

const ISSUED = ['access_token', 'refresh_token', 'id_token'] as const;

function tokensIn(response: string): string[] {
  try {
    const body = JSON.parse(response) as Record<string, unknown>;
    return ISSUED.flatMap((name) => body[name]).filter((token) => typeof token === 'string');
  } catch {
    return [];
  }
}

/** Returns the origin of the server that a requested identity assertion is for: not the one that issued it. */
function audienceOf(request: string): string {
  const { audience } = Object.fromEntries(new URLSearchParams(request.split(' ').at(-1)));
  return audience !== undefined && URL.canParse(audience) ? new URL(audience).origin : '';
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Searches for the secrets that were added last, in every encoding. A search for all of a run needs too much memory. */
class RecentSecrets {
  private current = new SecretSearch<string>();
  private previous = new SecretSearch<string>();
  private readonly known = new Set<string>();

  constructor(private readonly limit: number) {}

  add(secret: string): void {
    if (this.known.has(secret)) return;
    if (this.known.size >= this.limit) {
      this.previous = this.current;
      this.current = new SecretSearch();
      this.known.clear();
    }
    this.known.add(secret);
    this.current.add(secretPart(secret), secret);
  }

  /** @returns the secrets in the text */
  find(text: string): Set<string> {
    const bytes = Buffer.from(text);
    return new Set([...this.current.find(bytes), ...this.previous.find(bytes)]);
  }
}

export class Secrets {
  /** By secret, the only origins outside the service that may receive it. */
  private readonly origins = new Map<string, Set<string>>();
  private readonly recent: RecentSecrets;
  private readonly misdirected: string[] = [];

  /** @param recent how many secrets are searched for in requests */
  constructor(recent = SEARCHED_TOGETHER) {
    this.recent = new RecentSecrets(recent);
  }

  /** @param origins that may receive it */
  add(secret: string, ...origins: string[]): void {
    const known = this.origins.get(secret) ?? new Set();
    for (const origin of origins) known.add(origin);
    this.origins.set(secret, known);
    this.recent.add(secret);
  }

  /** Learns the tokens that a server issues, and checks that it received none of another server, in any encoding. */
  observe({ origin, request, response }: Exchange): void {
    const words = (decoded(request).match(WORD) ?? []).filter((word) => this.origins.has(word));
    for (const secret of new Set([...words, ...this.recent.find(request)])) {
      if (this.origins.get(secret)?.has(origin) === false)
        this.misdirected.push(`${origin} received a secret`);
      // One that is in use stays among the recent ones.
      this.recent.add(secret);
    }
    const [, code] = /[?&]code=([^&\s]+)/.exec(response) ?? [];
    if (code !== undefined) this.add(code, origin);
    for (const token of tokensIn(response.trim()))
      this.add(token, isIdentityAssertion(token) ? audienceOf(request) : origin);
  }

  /** @throws Error if a secret, or a part of it, is in the text, in clear or in another encoding */
  expectNone(where: string, text: string): void {
    const bytes = Buffer.from(text);
    const secrets = [...this.origins.keys()];
    let found = 0;
    for (let at = 0; at < secrets.length; at += SEARCHED_TOGETHER) {
      const search = new SecretSearch<string>();
      for (const secret of secrets.slice(at, at + SEARCHED_TOGETHER)) search.add(secretPart(secret), secret);
      found += search.find(bytes).size;
    }
    if (found > 0) throw new Error(`${where} contains ${found} secrets`);
  }

  /** @throws Error if a secret was sent to another server */
  expectDirected(): void {
    const [first] = this.misdirected.splice(0);
    if (first !== undefined) throw new Error(first);
  }
}
