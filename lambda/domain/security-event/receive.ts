/**
 * Receives what a trusted issuer reports about its users: security events (RFC 8935), back-channel logout, and Global
 * Token Revocation. Each receiver validates, stores the restriction, and responds; every later decision about a token or a
 * credential reads it. An issuer can restrict only the users of its tokens, never a user that an agent names by ID. A
 * response does not say whether a user exists.
 */
import * as v from 'valibot';
import { audited, type Annotate, type AuditTrail } from '../audit';
import { isHashOf } from '../digest';
import { isIssuerOf } from '../../model/discovery-url';
import { issuerConnection, type DeployedIssuer } from '../identity/trusted-issuer';
import { parseJsonObject } from '../json-object';
import { ProviderFailure } from '../oauth/provider-failure';
import { accessDenied, ServiceError } from '../service-error';
import { epochSeconds } from '../system';
import { apply } from './apply';
import type { Effect } from './effect';
import { MAX_SET_CHARACTERS, receiveSet, type SetDependencies } from './receive-set';
import { SetRejection } from './rejection';
import { reportedUser, type Reporter } from './reporter';
import { CLOCK_SKEW, SET_TYPE } from './set';
import { eventSubject } from './subject';

export interface ReceiveDependencies extends SetDependencies {
  /** The deployment's issuers. */
  readonly issuers: readonly DeployedIssuer[];
  readonly audit: AuditTrail;
  /** This service's address, without a trailing slash. */
  readonly baseUrl: string;
}

/** A request as it arrived. Nothing in it is verified. */
export interface ReceivedRequest {
  /** `id` in the path. */
  readonly issuerId: string;
  /** Media type without parameters, lowercase. */
  readonly contentType: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** Maximum characters of a request. */
const MAX_BODY_CHARACTERS = MAX_SET_CHARACTERS;

/** @throws ResourceNotFoundException for an ID without configuration; it names no user, so it needs no secrecy */
function reporterOf(
  { issuers }: ReceiveDependencies,
  { issuerId }: ReceivedRequest,
  annotate: Annotate,
): Reporter {
  for (const trusted of issuers) {
    const { securityEvents: events } = trusted;
    if (events?.id === issuerId) {
      annotate({ trustedIssuer: events.id });
      return { trusted, events };
    }
  }
  throw new ServiceError('ResourceNotFoundException', 'No issuer with this ID reports events here.');
}

function configured<Part>(part: Part | undefined): Part {
  if (part !== undefined) return part;
  throw new ServiceError(
    'ResourceNotFoundException',
    'This receiver is not configured for the issuer. Ask the operator to configure securityEvents.',
  );
}

/**
 * Receives a SET (RFC 8935 section 2). What it reports is stored when this returns.
 *
 * @throws SetRejection with the code for the transmitter; ResourceNotFoundException; ThrottlingException or
 *   InternalServerException if the transmitter must send it again
 */
export function receiveSecurityEvents(deps: ReceiveDependencies, request: ReceivedRequest): Promise<void> {
  return audited(deps.audit, { operation: 'ReceiveSecurityEvents' }, async (annotate) => {
    const reporter = reporterOf(deps, request, annotate);
    const transmitter = configured(reporter.events.transmitter);
    const { contentType, authorization, body } = request;
    if (contentType !== `application/${SET_TYPE}`) {
      throw new SetRejection('invalid_request', `The Content-Type must be application/${SET_TYPE}.`);
    }
    const { authorizationHash } = transmitter;
    if (authorizationHash !== undefined && !isHashOf(authorizationHash, authorization)) {
      throw new SetRejection('authentication_failed', 'The Authorization header is not the configured one.');
    }
    await receiveSet(deps, reporter, transmitter, { token: body.trim() }, annotate);
  });
}

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

const time = v.pipe(v.number(), v.finite(), v.minValue(0));
const identifier = v.pipe(v.string(), v.minLength(1), v.maxLength(2048));

/** OpenID Connect Back-Channel Logout 1.0 section 2.4. */
const LogoutTokenSchema = v.object({
  iss: identifier,
  sub: identifier,
  sid: v.optional(identifier),
  iat: time,
  exp: time,
  jti: identifier,
  events: v.object({ [LOGOUT_EVENT]: v.looseObject({}) }),
  // Section 2.6: an ID token with a nonce is not a logout token.
  nonce: v.optional(v.never()),
});

function checkTimes({ iat, exp }: { readonly iat: number; readonly exp: number }, now: number): void {
  if (exp <= now - CLOCK_SKEW)
    throw new SetRejection('invalid_request', 'The token is no longer valid (exp).');
  if (iat > now + CLOCK_SKEW)
    throw new SetRejection('invalid_request', 'The iat of the token is in the future.');
}

/** Reads the one parameter of the form. */
function logoutTokenIn({ contentType, body }: ReceivedRequest): string {
  if (contentType !== 'application/x-www-form-urlencoded' || body.length > MAX_BODY_CHARACTERS) {
    throw new SetRejection('invalid_request', 'The request must be a form with a logout_token.');
  }
  const [token, ...others] = new URLSearchParams(body).getAll('logout_token');
  if (token === undefined || others.length > 0) {
    throw new SetRejection('invalid_request', 'The form must contain one logout_token.');
  }
  return token;
}

/**
 * Receives a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.5). It ends the session that it names, or all
 * sessions of the user. A repeated one changes nothing.
 *
 * @throws SetRejection; ResourceNotFoundException; ThrottlingException or InternalServerException for a retry
 */
export function receiveLogout(deps: ReceiveDependencies, request: ReceivedRequest): Promise<void> {
  return audited(deps.audit, { operation: 'BackChannelLogout' }, async (annotate) => {
    const { trusted, events } = reporterOf(deps, request, annotate);
    const { clientIds } = configured(events.backChannelLogout);
    const { discoveryUrl } = trusted;
    const connection = issuerConnection(trusted);
    const claims = await deps.tokens.verify(logoutTokenIn(request), {
      // Section 2.4 recommends the type. Issuers that follow an earlier draft state none.
      types: ['logout+jwt', 'jwt', undefined],
      isIssuer: (issuer) => isIssuerOf(issuer, trusted),
      audience: clientIds,
      async jwksUri() {
        const { jwks_uri: uri } = await deps.metadata.read({ discoveryUrl }, connection);
        if (uri === undefined) throw new ProviderFailure('invalid_metadata', 'the issuer publishes no keys');
        return uri;
      },
      connection,
    });
    const parsed = v.safeParse(LogoutTokenSchema, claims);
    if (!parsed.success) {
      throw new SetRejection(
        'invalid_request',
        'The logout token must have sub, iat, exp, jti, and the event, and no nonce.',
      );
    }
    const { iss, sub, sid, iat: at, exp, jti } = parsed.output;
    annotate({ jti });
    checkTimes({ iat: at, exp }, epochSeconds(deps.system));
    const user = await reportedUser(deps, trusted, {
      user: { issuer: iss, subject: sub },
      sessionId: sid,
    });
    if (!user) throw new SetRejection('invalid_issuer', 'The issuer of the token is not the configured one.');
    annotate({ user: user.userHash });
    const effect: Effect = { kind: 'sessions-ended', at, sessionHash: user.sessionHash };
    annotate(await apply(deps, events, { userHash: user.userHash, effect }));
  });
}

/** The caller's token for Global Token Revocation, as Okta sends it. */
const REVOCATION_TOKEN_TYPE = 'global-token-revocation+jwt';

const RevocationTokenSchema = v.object({ iat: time, exp: time, jti: v.optional(identifier) });

const BEARER = /^Bearer +(\S+) *$/i;

const unauthorized = (detail: string, cause?: unknown): ServiceError =>
  new ServiceError('UnauthorizedException', 'The bearer token is missing or not valid.', { detail, cause });

/** @throws UnauthorizedException; ThrottlingException or InternalServerException for a retry */
async function revocationToken(
  deps: ReceiveDependencies,
  { events, trusted }: Reporter,
  { authorization }: ReceivedRequest,
): Promise<v.InferOutput<typeof RevocationTokenSchema>> {
  const caller = configured(events.globalTokenRevocation);
  const [, token] = BEARER.exec(authorization ?? '') ?? [];
  if (token === undefined || token.length > MAX_BODY_CHARACTERS) throw unauthorized('no bearer token');
  try {
    const claims = await deps.tokens.verify(token, {
      types: [REVOCATION_TOKEN_TYPE],
      isIssuer: (issuer) => issuer === caller.issuer,
      audience: [`${deps.baseUrl}/global-token-revocation/${events.id}`],
      jwksUri: () => Promise.resolve(caller.jwksUri),
      connection: issuerConnection(trusted),
    });
    const parsed = v.safeParse(RevocationTokenSchema, claims);
    if (!parsed.success) throw unauthorized('iat or exp is missing');
    checkTimes(parsed.output, epochSeconds(deps.system));
    return parsed.output;
  } catch (error) {
    if (error instanceof SetRejection) throw unauthorized(error.detail ?? error.code, error);
    throw error;
  }
}

/**
 * Receives a request to revoke all tokens of a user (draft-parecki-oauth-global-token-revocation-06): user tokens that the
 * issuer issued before the caller's token are not valid any more. The grants at other providers stay. A repeated request
 * changes nothing.
 *
 * @throws UnauthorizedException for the caller; ValidationException for the subject; AccessDeniedException for a user of
 *   another issuer; ResourceNotFoundException; ThrottlingException or InternalServerException for a retry
 */
export function receiveTokenRevocation(deps: ReceiveDependencies, request: ReceivedRequest): Promise<void> {
  return audited(deps.audit, { operation: 'GlobalTokenRevocation' }, async (annotate) => {
    const reporter = reporterOf(deps, request, annotate);
    const { iat: at, jti } = await revocationToken(deps, reporter, request);
    if (jti !== undefined) annotate({ jti });
    const { contentType, body } = request;
    const json = contentType === 'application/json' && body.length <= MAX_BODY_CHARACTERS;
    const document = json ? parseJsonObject(body) : undefined;
    // Earlier drafts name the member `subject`.
    const subject = document && eventSubject(document.sub_id ?? document.subject);
    const isSupported =
      typeof subject === 'object' &&
      subject.narrowedBy.length === 0 &&
      ('issuer' in subject.user || reporter.events.emailSubjects === true);
    if (!isSupported) {
      throw new ServiceError(
        'ValidationException',
        'The body must be JSON with a sub_id in the format iss_sub, or complex with user and session.',
        typeof subject === 'string' ? { detail: subject } : {},
      );
    }
    const user = await reportedUser(deps, reporter.trusted, subject);
    if (!user) {
      const message = 'The subject is a user of another issuer.';
      throw accessDenied(message, message);
    }
    annotate({ user: user.userHash });
    const effect: Effect = { kind: 'sessions-ended', at, sessionHash: user.sessionHash };
    annotate(await apply(deps, reporter.events, { ...user, effect }));
  });
}
