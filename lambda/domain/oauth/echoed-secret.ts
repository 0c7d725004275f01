/**
 * Secrets in error responses. Some servers quote the code, token, or secret of a request as their error, and errors go into
 * audit entries and messages.
 */
import { parseJsonObject } from '../json-object';

/** The members of requests that are secrets, as OAuth and the vendors name them. */
const SECRET_MEMBERS: ReadonlySet<string> = new Set([
  'access_token',
  'actor_token',
  'assertion',
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
  'refresh_token',
  'subject_token',
  'token',
]);

/** A shorter value can be a part of any response. No server issues such a secret. */
export const MIN_SECRET_LENGTH = 8;

/** The part of a request in which secrets are. */
export interface SentRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** A form, or JSON. */
  readonly body?: string | undefined;
}

const membersOf = (body: string): [string, unknown][] =>
  Object.entries(parseJsonObject(body) ?? Object.fromEntries(new URLSearchParams(body)));

const decoded = (encoded: string): string => {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return encoded;
  }
};

/** Returns what a value of `Authorization` contains: the credentials, and the password of `Basic` (RFC 7617). */
function credentialsIn(authorization: string): string[] {
  const credentials = authorization.slice(authorization.indexOf(' ') + 1);
  if (!/^basic /i.test(authorization)) return [credentials];
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  const password = pair.slice(pair.indexOf(':') + 1);
  // RFC 6749 section 2.3.1: the parts of the pair are encoded as in a form.
  return [credentials, password, decoded(password)];
}

function secretsOf({ headers, body = '' }: SentRequest): string[] {
  const members = membersOf(body).filter(([name]) => SECRET_MEMBERS.has(name.toLowerCase()));
  const values = members.flatMap(([, value]) => (typeof value === 'string' ? [value] : []));
  const authorization = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  const secrets = [...values, ...(authorization === undefined ? [] : credentialsIn(authorization))];
  // The longest first: one can contain another.
  return secrets
    .filter(({ length }) => length >= MIN_SECRET_LENGTH)
    .sort((first, second) => second.length - first.length);
}

/** A response with status 200 can be an error, too, at several vendors. */
const STATED_ERROR = /"error"\s*:\s*"|(^|&)error=/;

/** JSON with the fewest escapes: PHP escapes each slash, and other libraries escape the `=` of base64. */
function plainlyEscaped(content: string): string {
  if (!content.includes('\\')) return content;
  try {
    return JSON.stringify(JSON.parse(content));
  } catch {
    return content;
  }
}

/** Returns the text as JSON and forms contain it. .NET writes forms with lowercase digits. */
function encodingsOf(text: string): string[] {
  const inForm = new URLSearchParams([['', text]]).toString().slice(1);
  const lowercase = inForm.replaceAll(/%[\dA-F]{2}/g, (code) => code.toLowerCase());
  return [text, JSON.stringify(text).slice(1, -1), inForm, lowercase];
}

function replaced(content: string, secrets: readonly string[]): string {
  const plain = plainlyEscaped(content);
  const clean = secrets
    .flatMap(encodingsOf)
    .reduce((text, secret) => text.replaceAll(secret, 'invalid_response'), plain);
  return clean === plain ? content : clean;
}

/**
 * Returns the body of a response. In an error response, `invalid_response` takes the place of each secret of the request.
 * Codes of every server stay readable, which a list of known codes would not allow. A server that hides the secret from
 * this, for example as base64, has it anyway.
 */
export const withoutEchoedSecrets = (status: number, content: string, sent: SentRequest): string =>
  status < 400 && !STATED_ERROR.test(content) ? content : replaced(content, secretsOf(sent));
