/** The secrets of a run, each marked with its kind. */
import { CREDENTIALS, type Carried, type Kind } from './carriers';
import { SecretSearch } from './search';
import { secretPart } from './secret-part';

/** A secret that is marked. */
export interface Mark {
  readonly kind: Kind;
  /** Counts from 1, in the order in which the secrets were marked. It tells them apart in a report, which names none. */
  readonly number: number;
}

/** A shorter value can be a part of other texts. No server issues such a secret. */
const MIN_LENGTH = 16;

/** A test of a limit has it as a secret, and in members that are not secret. */
const REPEATED_CHARACTER = /^(.)\1*$/u;

/** Bytes of a vault key. */
const KEY_LENGTH = 32;

type Secret = readonly [kind: Kind, secret: string | Buffer];

/** The token, or the client secret (RFC 6749 section 2.3.1), of a header `Authorization`. */
function credentialIn(header: string): Secret[] {
  const [scheme = '', credentials = ''] = header.split(' ');
  if (/^(bearer|dpop)$/i.test(scheme)) return [['access token', secretPart(credentials)]];
  if (!/^basic$/i.test(scheme)) return [];
  const [, secret] = Buffer.from(credentials, 'base64').toString().split(':');
  return [['client secret', new URLSearchParams(`=${secret}`).get('') ?? '']];
}

/** A vault key, or a signing key as a JWK. KMS also encrypts pagination tokens, which are not secret. */
function keyIn(plaintext: string): Secret[] {
  const bytes = Buffer.from(plaintext, 'base64');
  const [, d] = /"d":"([\w-]+)"/.exec(bytes.toString()) ?? [];
  if (d !== undefined) return [['key', d]];
  return bytes.length === KEY_LENGTH
    ? [
        ['key', bytes],
        ['key', plaintext],
      ]
    : [];
}

/** The name of a cookie and its attributes are not secret, and in a portal's cookie, what follows the first dot. */
const cookieIn = (header: string): string => /^(?:[^=;]*=)?([^;.]*)/.exec(header)?.[1] ?? '';

function secretsIn(carried: Carried, value: string): Secret[] {
  if (carried === CREDENTIALS) return credentialIn(value);
  const kind = typeof carried === 'string' ? carried : carried[0];
  if (kind === 'key') return keyIn(value);
  return [[kind, kind === 'cookie' ? cookieIn(value) : secretPart(value)]];
}

export class MarkedSecrets {
  readonly marks: Mark[] = [];
  private readonly known = new Set<string>();
  private readonly search = new SecretSearch<Mark>();

  /** @param value of a member that carries this */
  mark(carried: Carried, value: string): void {
    const secrets = secretsIn(carried, value).filter(
      ([, secret]) =>
        secret.length >= MIN_LENGTH &&
        !this.known.has(secret.toString('latin1')) &&
        !(typeof secret === 'string' && REPEATED_CHARACTER.test(secret)),
    );
    for (const [of, secret] of secrets) {
      const mark = { kind: of, number: this.marks.length + 1 };
      this.known.add(secret.toString('latin1'));
      this.marks.push(mark);
      this.search.add(secret, mark);
    }
  }

  /** @returns the marks of the secrets in these bytes */
  find(bytes: Buffer): Mark[] {
    return [...this.search.find(bytes)];
  }
}
