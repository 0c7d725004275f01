/** Why a step in a portal did not succeed, in the terms of its pages. */
import { AnotherUsersSession } from '../consent/complete';
import { RestrictionDenial } from '../restriction/restriction';
import { ServiceError, type ErrorName } from '../service-error';

export type Refusal =
  /** No portal has the ID. */
  | 'no-such-portal'
  /** The portal exists and has no pages now. To the browser, it looks like one that does not exist. */
  | 'portal-unavailable'
  /** Another Region is the writing Region, and serves the portal. */
  | 'another-region'
  /** The session is missing, unknown, another portal's, or no longer valid. */
  | 'signed-out'
  /** The sign-in did not succeed: the response is not valid, or does not belong to this browser's sign-in. */
  | 'login_failed'
  /** The person is not admitted: the identity provider denied access, no agent trusts it, or the person is suspended. */
  | 'login_rejected'
  /** The identity provider is unavailable. */
  | 'login_unavailable'
  /** An operator suspended the agent. */
  | 'suspended'
  /** The portal's owner is not, or no longer, authorized. */
  | 'not-allowed'
  /** The consent session belongs to another person. It is ended, and its code is destroyed. */
  | 'not-yours'
  /** Another browser delivered the provider's response, perhaps with the account of another person. */
  | 'other-browser'
  /** The consent session is unknown, used, no longer valid, or not one of this portal. */
  | 'ended'
  /** The credential provider is unavailable, or rejected the request. */
  | 'provider-unavailable'
  /** Too many requests change the same record. A retry can succeed. */
  | 'busy'
  /** The person has no such row, or no such disconnection. */
  | 'no-such-connection';

const MESSAGE = 'The request of the portal was rejected.';

/** A step that ends with a refusal. The person sees the refusal, and the audit log has the detail. */
export class PortalRefusal extends ServiceError {
  constructor(
    readonly refusal: Refusal,
    detail: string,
    cause?: unknown,
  ) {
    super('AccessDeniedException', MESSAGE, { detail, cause });
  }
}

/** Returns what was found. @throws PortalRefusal `no-such-connection` for undefined */
export function requireConnection<Found>(found: Found | undefined): Found {
  if (found === undefined) {
    throw new PortalRefusal('no-such-connection', 'the person has no such connection in this portal');
  }
  return found;
}

/** What an error of shared code means to the person, by its type; at the completion of a consent session, it can differ. */
const REFUSALS_OF_ERRORS: Readonly<
  Partial<Record<ErrorName, { readonly refusal: Refusal; readonly completion?: Refusal }>>
> = {
  AccessDeniedException: { refusal: 'not-allowed', completion: 'ended' },
  UnauthorizedException: { refusal: 'signed-out' },
  ResourceNotFoundException: { refusal: 'no-such-connection' },
  ThrottlingException: { refusal: 'busy' },
  ValidationException: { refusal: 'not-allowed', completion: 'provider-unavailable' },
};

/** Returns the refusal for an error; undefined for one that says nothing to the person. */
export function refusalOf(
  error: unknown,
  { completes = false }: { readonly completes?: boolean } = {},
): Refusal | undefined {
  if (error instanceof PortalRefusal) return error.refusal;
  if (error instanceof AnotherUsersSession) return 'not-yours';
  if (error instanceof RestrictionDenial) return 'suspended';
  if (!(error instanceof ServiceError)) return undefined;
  const { refusal, completion = refusal } = REFUSALS_OF_ERRORS[error.type] ?? {};
  return completes ? completion : refusal;
}
