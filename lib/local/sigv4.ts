/**
 * Signature Version 4, the server's side: the request is signed again with the caller's secret key and the
 * two signatures are compared. What is not covered by the signature is not believed.
 * Source: IAM user guide, "Create a signed AWS API request" and "Troubleshoot Signature Version 4 signing".
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';

/** A request as it came over the wire, nothing decoded or joined. */
export interface SignedRequest {
  readonly method: string;
  /** Percent-encoded path; clients sign it encoded once more. */
  readonly path: string;
  /** Percent-encoded query without its question mark; may be empty. */
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

/** The request is not signed as it must be. The message says which check failed, and repeats no secret. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
}

/** How far the caller's clock may be off, in milliseconds. */
const CLOCK_SKEW_MS = 5 * 60 * 1000;

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 +Credential=([A-Z0-9]{16,128})\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, *SignedHeaders=([a-z0-9_-]+(?:;[a-z0-9_-]+)*), *Signature=([0-9a-f]{64})$/;
const AMZ_DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;
/**
 * Headers that must be signed where they are sent, for they steer the service: AWS's own, and those that say for which
 * user and session an agent is called. `X-Amzn-Trace-Id` is none of them: AWS's clients leave it unsigned.
 */
const STEERING = ['x-amz-', 'x-amzn-bedrock-agentcore-'];
/** A query that carries a signature (a presigned URL), or tries to pass for one. */
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
  if (!caller) throw new SignatureError('The access key id is not known.');
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
 * The headers that the signature covers, by lower-case name. A covered header must occur once, or the
 * function might read another line of it than the one that was signed; every header that steers the service must be
 * covered.
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
  // There are no session credentials here, so a session token can only be a mistake.
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

/** The signer takes the payload's hash from this header when there is one, so it must be the true hash. */
function checkPayloadHash(claimed: string | undefined, body: Buffer): void {
  if (claimed === undefined) return;
  if (claimed !== createHash('sha256').update(body).digest('hex')) {
    throw new SignatureError('The header x-amz-content-sha256 is not the SHA-256 of the body.');
  }
}

/** Parameters decoded once, in the shape that the signer encodes again. */
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
    // The signer builds plain objects, where this name would be lost and the parameter left unsigned.
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
