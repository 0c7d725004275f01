/** The secrets of a run: where each may be sent, and that no log line and no error contains one. */
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

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** The user name and password of Basic authentication (RFC 7617). */
const basic = (request: string): string => {
  const [, encoded = ''] = /\bBasic ([\w+/=-]+)/.exec(request) ?? [];
  return Buffer.from(encoded, 'base64').toString('utf8');
};

export class Secrets {
  /** By secret, the only origins outside the service that may receive it. */
  private readonly origins = new Map<string, Set<string>>();
  private readonly misdirected: string[] = [];

  /** @param origins that may receive it */
  add(secret: string, ...origins: string[]): void {
    const known = this.origins.get(secret) ?? new Set();
    for (const origin of origins) known.add(origin);
    this.origins.set(secret, known);
  }

  /** Learns the tokens that a server issues, and checks that it received none of another server. */
  observe({ origin, request, response }: Exchange): void {
    for (const word of `${decoded(request)} ${basic(request)}`.match(WORD) ?? []) {
      if (this.origins.get(word)?.has(origin) === false) this.misdirected.push(`${origin} received a secret`);
    }
    const [, code] = /[?&]code=([^&\s]+)/.exec(response) ?? [];
    if (code !== undefined) this.add(code, origin);
    for (const token of tokensIn(response.trim())) this.add(token, origin);
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
