/**
 * The errors of a gateway for its caller: problem documents, because its callers are clients of a target and not of AWS.
 * Source: RFC 9457.
 */
import type { GatewayTarget } from '../../model/records/gateway';
import type { Server } from '../gate/response-fields';
import { ERROR_STATUS, ServiceError, type ErrorName, type ErrorParts } from '../service-error';

/** Kinds of problems that a program can act on, by what follows {@link TYPE_PREFIX}. */
export type ProblemKind =
  | 'consent-required'
  | 'credential-renewed'
  | 'credential-rejected'
  | 'credential-unavailable'
  | 'access-ended'
  | 'access-unchecked'
  | 'limits-unchecked'
  | 'target-unavailable'
  | 'policies-unchecked'
  | 'policy-denied';

/** RFC 9457 section 3.1.1: a type need not be a locator. */
const TYPE_PREFIX = 'urn:agent-identity:problem:';

interface KindOfProblem {
  /** HTTP status, in place of that of the error's name. */
  readonly status: number;
  /** The error in the service model whose meaning is closest. */
  readonly error: ErrorName;
  /** The same for every occurrence. */
  readonly title: string;
}

export const PROBLEM_KINDS: Readonly<Record<ProblemKind, KindOfProblem>> = {
  'consent-required': {
    status: 403,
    error: 'AccessDeniedException',
    title: 'The user has to grant access',
  },
  'credential-renewed': {
    status: 503,
    error: 'ThrottlingException',
    title: 'The credential was renewed',
  },
  'credential-rejected': {
    status: 502,
    error: 'RuntimeClientError',
    title: 'The target rejects the credential',
  },
  'credential-unavailable': {
    status: 502,
    error: 'RuntimeClientError',
    title: 'The gateway cannot use the credential of the target',
  },
  'access-ended': { status: 403, error: 'AccessDeniedException', title: 'The access was ended' },
  'access-unchecked': {
    status: 503,
    error: 'InternalServerException',
    title: 'The access could not be checked',
  },
  'limits-unchecked': {
    status: 503,
    error: 'InternalServerException',
    title: 'The limits could not be checked',
  },
  'target-unavailable': {
    status: 502,
    error: 'RuntimeClientError',
    title: 'The target sent no valid response',
  },
  'policies-unchecked': {
    status: 503,
    error: 'InternalServerException',
    title: 'The policies could not be checked',
  },
  'policy-denied': {
    status: 403,
    error: 'AccessDeniedException',
    title: 'The policies of the gateway do not permit the request',
  },
};

/** A consent session that waits for the user. */
export interface OutstandingConsent {
  readonly authorizationUrl: string;
  readonly sessionUri: string;
}

export class GatewayProblem extends ServiceError {
  constructor(
    readonly kind: ProblemKind,
    message: string,
    parts: ErrorParts = {},
    /** Further members of the document. */
    readonly members: Readonly<Record<string, string>> = {},
  ) {
    super(PROBLEM_KINDS[kind].error, message, parts);
  }
}

/** Returns the error for a response that a target did not send, or that cannot be passed on. */
export const targetFailure = (message: string, detail: string, cause?: unknown): GatewayProblem =>
  new GatewayProblem('target-unavailable', message, { detail, cause });

export const TARGET: Server = { name: 'target', failure: targetFailure };

/** The user has to consent before the target gets the request. */
export class ConsentRequired extends GatewayProblem {
  constructor(
    readonly target: Pick<GatewayTarget, 'name' | 'targetConfiguration'>,
    readonly consent: OutstandingConsent,
  ) {
    const { authorizationUrl, sessionUri } = consent;
    super(
      'consent-required',
      'Open authorizationUrl in a browser as the user, then repeat the request.',
      { detail: 'consent required', outcome: 'consent-required' },
      { authorizationUrl, sessionUri },
    );
  }
}

/** A problem document, and the status of its response. */
export interface ProblemDocument {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Returns the problem document of an error. `__type` is as in the other errors of this service. */
export function problemOf(error: ServiceError): ProblemDocument {
  const { type: __type, message: detail, fieldList } = error;
  const kind = error instanceof GatewayProblem ? PROBLEM_KINDS[error.kind] : undefined;
  const status = kind?.status ?? ERROR_STATUS[__type];
  const type = error instanceof GatewayProblem ? `${TYPE_PREFIX}${error.kind}` : 'about:blank';
  const members = error instanceof GatewayProblem ? error.members : {};
  const title = kind?.title ?? __type.replace(/(Exception|Error)$/, '');
  const body = { type, title, status, detail, ...members, __type, ...(fieldList && { fieldList }) };
  return { status, body };
}
