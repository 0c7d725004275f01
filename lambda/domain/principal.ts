/**
 * The caller: the IAM principal of a request, from the ARN that API Gateway provides
 * (`requestContext.identity.userArn`). An assumed-role session is identified by its role, so that a grant outlives the
 * session. API Gateway omits the role's path, and so does this service.
 * Source: IAM user guide, "IAM identifiers" and "AWS JSON policy elements: Principal".
 */
import { accessDenied } from './service-error';

/** The IAM principal that calls. */
export interface Caller {
  /** As {@link principalOf} returns it. */
  readonly arn: string;
  /**
   * IAM's unique ID: `AROA…` of a role, `AIDA…` of a user, the account ID of the root user. A role or user that is
   * deleted and created again has the same ARN and another ID. Undefined if the gateway provides none.
   */
  readonly id?: string | undefined;
  /** True for the service's own gateway function, which acts with the workload identities of gateways. */
  readonly isGateway?: true;
}

const ASSUMED_ROLE = /^arn:(aws[a-z-]*):sts::(\d{12}):assumed-role\/([\w+=,.@-]{1,64})\/[\w+=,.@-]{2,64}$/;
const USER = /^arn:aws[a-z-]*:iam::\d{12}:user\/[\u0021-\u007e]{1,576}$/;
const ROLE = /^arn:aws[a-z-]*:iam::\d{12}:role\//;
const ROOT = /^arn:aws[a-z-]*:iam::\d{12}:root$/;

/**
 * Returns the principal's ARN: `arn:…:iam::{account}:role/{name}` for a session, otherwise the ARN itself.
 *
 * @param callerArn the caller's ARN as the gateway provides it
 * @throws AccessDeniedException if there is no caller, or if this kind of principal cannot own resources
 */
export function principalOf(callerArn: string | null | undefined): string {
  if (!callerArn) {
    throw accessDenied(
      'This operation requires a signed request (AWS Signature Version 4).',
      'no caller ARN',
    );
  }
  const [, partition, account, role] = ASSUMED_ROLE.exec(callerArn) ?? [];
  if (partition && account && role) return `arn:${partition}:iam::${account}:role/${role}`;
  if (USER.test(callerArn) || ROOT.test(callerArn)) return callerArn;
  throw accessDenied(
    'This kind of IAM principal is not supported. Call as an IAM user or an assumed role.',
    'caller ARN of an unknown kind',
  );
}

/** A unique ID of IAM, or the account ID for the root user. */
const UNIQUE_ID = /^(?:(AROA[A-Z0-9]{12,124}):[\w+=,.@-]{2,64}|(AIDA[A-Z0-9]{12,124})|(\d{12}))$/;

/** API Gateway's identity of the caller of a signed request (`requestContext.identity`). */
export interface GatewayIdentity {
  readonly userArn: string | null | undefined;
  /** The principal's unique ID. For a session it includes the session name: `AROA…:name`. */
  readonly caller: string | null | undefined;
}

/**
 * Returns the caller.
 *
 * @param identity as the gateway authenticated it, never from the request's own content
 * @throws AccessDeniedException as {@link principalOf}
 */
export function callerOf({ userArn, caller }: GatewayIdentity): Caller {
  const arn = principalOf(userArn);
  const [, role, user, account] = UNIQUE_ID.exec(caller ?? '') ?? [];
  const id = ROOT.test(arn) ? account : ROLE.test(arn) ? role : user;
  return { arn, ...(id !== undefined && { id }) };
}
