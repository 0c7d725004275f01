/**
 * Who called: the IAM principal behind a request, from the ARN that API Gateway hands on
 * (`requestContext.identity.userArn`). An assumed-role session counts as its role, so that a grant
 * outlives the session; API Gateway leaves the role's path out, and so do we.
 * Source: IAM user guide, "IAM identifiers" and "AWS JSON policy elements: Principal".
 */
import { accessDenied } from './service-error';

/** An IAM principal, as it called. */
export interface Caller {
  /** As {@link principalOf} gives it. */
  readonly arn: string;
  /**
   * IAM's unique id: `AROA…` of a role, `AIDA…` of a user, the account id of the root user. A role or user that is
   * deleted and made again has the same ARN and another id. Undefined where the gateway gives none.
   */
  readonly id?: string | undefined;
}

const ASSUMED_ROLE = /^arn:(aws[a-z-]*):sts::(\d{12}):assumed-role\/([\w+=,.@-]{1,64})\/[\w+=,.@-]{2,64}$/;
const USER = /^arn:aws[a-z-]*:iam::\d{12}:user\/[\u0021-\u007e]{1,576}$/;
const ROLE = /^arn:aws[a-z-]*:iam::\d{12}:role\//;
const ROOT = /^arn:aws[a-z-]*:iam::\d{12}:root$/;

/**
 * @param callerArn the caller's ARN as the gateway gives it
 * @returns the principal's ARN: `arn:…:iam::{account}:role/{name}` for a session, else the ARN itself
 * @throws AccessDeniedException when there is no caller, or its kind is not one that can own anything
 */
export function principalOf(callerArn: string | null | undefined): string {
  if (!callerArn) {
    throw accessDenied('This operation needs a signed request (AWS Signature Version 4).', 'no caller ARN');
  }
  const [, partition, account, role] = ASSUMED_ROLE.exec(callerArn) ?? [];
  if (partition && account && role) return `arn:${partition}:iam::${account}:role/${role}`;
  if (USER.test(callerArn) || ROOT.test(callerArn)) return callerArn;
  throw accessDenied(
    'This kind of IAM principal cannot act here; call as an IAM user or an assumed role.',
    'caller ARN of an unknown kind',
  );
}

/** A unique id as IAM makes them, and the account id that stands for the root user. */
const UNIQUE_ID = /^(?:(AROA[A-Z0-9]{12,124}):[\w+=,.@-]{2,64}|(AIDA[A-Z0-9]{12,124})|(\d{12}))$/;

/** What API Gateway says of the caller of a signed request (`requestContext.identity`). */
export interface GatewayIdentity {
  readonly userArn: string | null | undefined;
  /** The principal's unique id; of a session with the session's name: `AROA…:name`. */
  readonly caller: string | null | undefined;
}

/**
 * @param identity as the gateway proved it; never anything that the request says of itself
 * @throws AccessDeniedException as {@link principalOf}
 */
export function callerOf({ userArn, caller }: GatewayIdentity): Caller {
  const arn = principalOf(userArn);
  const [, role, user, account] = UNIQUE_ID.exec(caller ?? '') ?? [];
  const id = ROOT.test(arn) ? account : ROLE.test(arn) ? role : user;
  return { arn, ...(id !== undefined && { id }) };
}
