/**
 * Signature Version 4 on the server: this module signs the request again with the caller's secret key and compares the
 * signatures. The service does not trust what the signature does not cover.
 * Source: IAM user guide, "Create a signed AWS API request" and "Troubleshoot Signature Version 4 signing".
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';

/** A request as the client sent it, without decoding. */
export interface SignedRequest {
  readonly method: string;
  /** Percent-encoded path. Clients encode it once more to sign it, except for Amazon S3. */
  readonly path: string;
  /** Percent-encoded query without its question mark; can be empty. */
  readonly query: string;
  /** Every header line, repeated ones too. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface SignatureRules<Caller extends SigningCredentials> {
  readonly region: string;
  /** Signing names that are accepted. */
  readonly services: readonly string[];
  readonly callerOf: (accessKeyId: string) => Caller | undefined;
  readonly now: Date;
}

/** The signature of a request is not valid. The message names the check that failed and contains no secret. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
}

type Bytes = string | ArrayBuffer | ArrayBufferView;

function hashable(data: Bytes): string | Uint8Array {
  if (typeof data === 'string') return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** SHA-256, or HMAC with a secret, for the signer. OpenSSL is several times as fast as SHA-256 in JavaScript. */
class Sha256 {
  private readonly hash;

  constructor(secret?: Bytes) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', hashable(secret));
  }

  update(data: Bytes): void {
    this.hash.update(hashable(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.hash.digest());
  }
}

/** Accepted difference between the caller's clock and this one, in milliseconds. */
const CLOCK_SKEW_MS = 5 * 60 * 1000;

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 +Credential=(\w{1,128})\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, *SignedHeaders=([a-z0-9_-]+(?:;[a-z0-9_-]+)*), *Signature=([0-9a-f]{64})$/;
const AMZ_DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;
/**
 * Headers that must be signed if they are sent, because the service acts on them: those of AWS, and those that name the
 * user and the session of an invocation. `X-Amzn-Trace-Id` is not one of them, because AWS clients do not sign it.
 */
const STEERING = ['x-amz-', 'x-amzn-bedrock-agentcore-'];
/** A query with a signature (a presigned URL), or with a parameter that looks like one. */
const AMZ_QUERY = /^x-amz-/i;

/**
 * @returns the caller whose key signed the request
 * @throws SignatureError when any check fails
 */
export async function verifySignature<Caller extends SigningCredentials>(
  request: SignedRequest,
  rules: SignatureRules<Caller>,
): Promise<Caller> {
  const query = parseQuery(request.query);
  const authorization = parseAuthorization(request.headers);
  const caller = rules.callerOf(authorization.accessKeyId);
  if (!caller)
    throw new SignatureError('The access key id is not known. Use the keys that agent-identity printed.');
  if (authorization.region !== rules.region) {
    throw new SignatureError(`The credential scope must name the region ${rules.region}.`);
  }
  if (!rules.services.includes(authorization.service)) {
    throw new SignatureError(`The credential scope must name the service ${rules.services.join(' or ')}.`);
  }
  const headers = signedHeaders(request.headers, authorization.signedHeaders);
  const signingDate = parseDate(headers['x-amz-date'], authorization.date, rules.now);
  checkPayloadHash(headers['x-amz-content-sha256'], request.body);

  const { signature, service, region } = authorization;
  const signer = new SignatureV4({
    credentials: caller,
    region,
    service,
    sha256: Sha256,
    applyChecksum: false,
    // Amazon S3 is the only service whose clients sign the path as they send it.
    uriEscapePath: service !== 's3',
  });
  const signed = await signer.sign(
    new HttpRequest({ method: request.method, path: request.path, query, headers, body: request.body }),
    { signingDate, signableHeaders: new Set(authorization.signedHeaders) },
  );
  const [, expected = ''] = /Signature=([0-9a-f]{64})$/.exec(signed.headers.authorization ?? '') ?? [];
  if (
    expected.length !== signature.length ||
    !timingSafeEqual(Buffer.from(expected), Buffer.from(signature))
  ) {
    throw new SignatureError(
      'The signature does not match the request. Check the secret key and the signing method.',
    );
  }
  return caller;
}

interface Authorization {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

function parseAuthorization(headers: SignedRequest['headers']): Authorization {
  const [value, ...others] = headers.filter(([name]) => name.toLowerCase() === 'authorization');
  if (!value) throw new SignatureError('The request is not signed (AWS Signature Version 4).');
  if (others.length > 0) throw new SignatureError('The Authorization header must not be repeated.');
  const [, accessKeyId, date, region, service, names, signature] = AUTHORIZATION.exec(value[1]) ?? [];
  if (!accessKeyId || !date || !region || !service || !names || !signature) {
    throw new SignatureError(
      'The Authorization header is not an AWS4-HMAC-SHA256 signature with all its parts.',
    );
  }
  return { accessKeyId, date, region, service, signedHeaders: names.split(';'), signature };
}

/**
 * Returns the headers that the signature covers, by lowercase name. Each must occur once: otherwise, the function might
 * read a line that was not signed. Every header that the service acts on must be covered.
 */
function signedHeaders(
  headers: SignedRequest['headers'],
  names: readonly string[],
): Readonly<Record<string, string>> {
  for (const required of ['host', 'x-amz-date']) {
    if (!names.includes(required)) throw new SignatureError(`The header ${required} must be signed.`);
  }
  for (const [name] of headers) {
    const lowerCase = name.toLowerCase();
    const prefix = STEERING.find((start) => lowerCase.startsWith(start));
    if (prefix !== undefined && !names.includes(lowerCase)) {
      throw new SignatureError(
        `A header whose name starts with ${prefix} is not signed. Sign every such header.`,
      );
    }
  }
  // The local service has no session credentials, so a session token is an error.
  if (names.includes('x-amz-security-token')) {
    throw new SignatureError(
      'The access keys of the local service have no session token; unset AWS_SESSION_TOKEN.',
    );
  }
  return Object.fromEntries(
    names.map((name) => {
      const [value, ...others] = headers.filter(([other]) => other.toLowerCase() === name);
      if (!value || others.length > 0) {
        throw new SignatureError('Each signed header must be in the request exactly once.');
      }
      return [name, value[1]];
    }),
  );
}

function parseDate(amzDate: string | undefined, scopeDate: string, now: Date): Date {
  const [, ...parts] = AMZ_DATE.exec(amzDate ?? '') ?? [];
  const [year = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN, second = NaN] = parts.map(Number);
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  if (Number.isNaN(date.getTime()))
    throw new SignatureError('The header x-amz-date must be like 20250131T235959Z.');
  if (amzDate?.slice(0, 8) !== scopeDate) {
    throw new SignatureError('The day in the credential scope must be the day in x-amz-date.');
  }
  if (Math.abs(now.getTime() - date.getTime()) > CLOCK_SKEW_MS) {
    throw new SignatureError(
      'The request was signed more than five minutes before or after now. Check the clock.',
    );
  }
  return date;
}

/** The signer uses the payload hash in this header if there is one, so it must be the correct hash. */
function checkPayloadHash(claimed: string | undefined, body: Buffer): void {
  if (claimed === undefined) return;
  if (claimed !== createHash('sha256').update(body).digest('hex')) {
    throw new SignatureError('The header x-amz-content-sha256 is not the SHA-256 of the body.');
  }
}

/** Returns the parameters, decoded once, in the form that the signer encodes again. */
function parseQuery(query: string): Record<string, string[]> {
  const parameters = new Map<string, string[]>();
  for (const pair of query.split('&').filter(Boolean)) {
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
    const decoded = decode(name);
    if (AMZ_QUERY.test(decoded)) {
      throw new SignatureError(
        'Signatures in the query string are not accepted; sign by the Authorization header.',
      );
    }
    // The signer uses plain objects, which would lose this name and leave the parameter unsigned.
    if (decoded === '__proto__')
      throw new SignatureError('The query string has a name that cannot be signed.');
    parameters.set(decoded, [...(parameters.get(decoded) ?? []), decode(value)]);
  }
  return Object.fromEntries(parameters);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SignatureError('The query string is not percent-encoded UTF-8.');
  }
}
