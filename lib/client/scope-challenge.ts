/** Challenges of a resource: for more scopes (RFC 6750 section 3), and for a nonce in the proof (RFC 9449 section 9). */

/** RFC 9110 section 5.6.2. */
const TOKEN_CHARACTER = /[a-z0-9!#$%&'*+.^_`|~-]/i;
const WHITESPACE = /\s/;

/** RFC 6749 section 3.3. */
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

const MAX_SCOPES = 100;

/** A longer header is ignored. */
const MAX_CHALLENGE = 8192;

interface Challenge {
  /** In lower case, as the names of the parameters. */
  readonly scheme: string;
  readonly parameters: Map<string, string>;
}

/**
 * Returns the challenges of `WWW-Authenticate` (RFC 9110 section 11.6.1). A resource chooses the text, so the number of steps
 * grows only with its length: a regular expression for the whole would try each part again from each of its characters.
 *
 * @param text the value, by its characters
 */
export function challengesIn(text: ArrayLike<string>): Challenge[] {
  const challenges: Challenge[] = [];
  if (text.length > MAX_CHALLENGE) return challenges;
  let at = 0;
  const next = (): string | undefined => text[at];
  const readWhile = (isPart: (character: string) => boolean): string => {
    let part = '';
    for (let character = next(); character !== undefined && isPart(character); character = next()) {
      part += character;
      at += 1;
    }
    return part;
  };
  const skipWhitespace = (): void => void readWhile((character) => WHITESPACE.test(character));
  const readQuoted = (): string => {
    let quoted = '';
    for (at += 1; at < text.length && next() !== '"'; at += 1) {
      if (next() === '\\') at += 1;
      quoted += next() ?? '';
    }
    at += 1;
    return quoted;
  };
  const readPlain = (): string => readWhile((character) => character !== ',' && !WHITESPACE.test(character));
  while (at < text.length) {
    const name = readWhile((character) => TOKEN_CHARACTER.test(character)).toLowerCase();
    skipWhitespace();
    if (name === '') {
      // A separator, or text that belongs to no challenge.
      if (next() === '"') readQuoted();
      else if (!TOKEN_CHARACTER.test(next() ?? '')) at += 1;
    } else if (next() === '=') {
      at += 1;
      skipWhitespace();
      const value = next() === '"' ? readQuoted() : readPlain();
      const parameters = challenges.at(-1)?.parameters;
      if (!parameters?.has(name)) parameters?.set(name, value);
    } else {
      challenges.push({ scheme: name, parameters: new Map() });
    }
  }
  return challenges;
}

const challengesOf = ({ headers }: Response): Challenge[] =>
  challengesIn(headers.get('www-authenticate') ?? '');

/**
 * Returns the scopes that the server requires and the token was not requested for.
 *
 * @param requested the scopes that the token was requested for
 * @returns no scopes if the response is no challenge for scopes, or a retry with its scopes could not help
 */
export function missingScopesIn(response: Response, requested: readonly string[]): string[] {
  if (response.status !== 403) return [];
  const challenge = challengesOf(response).find(
    ({ scheme, parameters }) =>
      ['bearer', 'dpop'].includes(scheme) && parameters.get('error') === 'insufficient_scope',
  );
  const scopes = (challenge?.parameters.get('scope') ?? '').split(' ').filter(Boolean);
  if (scopes.length > MAX_SCOPES || !scopes.every((scope) => SCOPE.test(scope))) return [];
  return [...new Set(scopes)].filter((scope) => !requested.includes(scope));
}

/** Returns whether the resource requires the nonce of this response in the proof (RFC 9449 section 9). */
export const requiresNonce = (response: Response): boolean =>
  response.status === 401 &&
  response.headers.has('dpop-nonce') &&
  challengesOf(response).some(
    ({ scheme, parameters }) => scheme === 'dpop' && parameters.get('error') === 'use_dpop_nonce',
  );
