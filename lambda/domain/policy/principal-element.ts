/**
 * The Principal element: the principals of a statement.
 *
 * Supported: `"*"` (every principal whose signed request the gateway accepts), an account (its ID, or
 * `arn:…:iam::{account}:root`: every principal of that account, as in IAM), a user, and a role.
 *
 * A role is matched by account and name, without its path: API Gateway omits the path of a session's role, and role names
 * are unique within an account (IAM user guide, "IAM identifiers"). So a policy can name a role by its full ARN and
 * matches this role only. But the path is not a boundary: a principal that can create roles under one path can use any
 * free name. Users are matched with their path.
 *
 * Rejected: role sessions and federated users (a session is identified by its role, so a statement about a session would
 * not apply), services (no service principal calls this API), groups, unique IDs, and wildcards within an ARN, which IAM
 * rejects too.
 * Source: IAM user guide, "AWS JSON policy elements: Principal".
 */
import { membersOf, oneOrMore, quoted, refused, textOf, type PolicyElement } from './policy-element';
import { hasWildcard } from './wildcard';

export type StatedPrincipal =
  | { readonly kind: 'everyone' }
  /** Every principal whose ARN has this prefix. */
  | { readonly kind: 'account'; readonly arnPrefix: string }
  | { readonly kind: 'user-or-role'; readonly arn: string };

const NAME = '[\\w+=,.@-]{1,64}';
const PATH = '(?:[\\u0021-\\u007e]{1,510}/)?';
const ROLE = new RegExp(`^(arn:aws[a-z-]*:iam::\\d{12}:role/)${PATH}(${NAME})$`);
const USER = new RegExp(`^arn:aws[a-z-]*:iam::\\d{12}:user/${PATH}${NAME}$`);
const ACCOUNT = /^(?:\d{12}|arn:aws[a-z-]*:iam::\d{12}:root)$/;
const SESSION = /^arn:aws[a-z-]*:sts:/;

/**
 * Returns the ARN by which this service identifies a user or role, without a role's path; undefined for any other ARN.
 */
export function principalArnOf(arn: string): string | undefined {
  const [, prefix, name] = ROLE.exec(arn) ?? [];
  if (prefix && name) return `${prefix}${name}`;
  return USER.test(arn) ? arn : undefined;
}

/** Why a role session is rejected. */
export const NO_SESSIONS =
  'role sessions are identified by their role; name the role, arn:{partition}:iam::{account}:role/{name}';

function statedPrincipal(element: PolicyElement, partition: string): StatedPrincipal {
  const text = textOf(element);
  if (text === '*') return { kind: 'everyone' };
  if (hasWildcard(text)) {
    throw refused(element, 'has a wildcard in an ARN; use "*" with a Condition on aws:PrincipalArn instead');
  }
  if (SESSION.test(text)) throw refused(element, NO_SESSIONS);
  if (text.startsWith('arn:') && !text.startsWith(`arn:${partition}:`)) {
    throw refused(element, `is not in the partition of the resource, "${partition}"`);
  }
  const arn = principalArnOf(text);
  if (arn !== undefined) return { kind: 'user-or-role', arn };
  if (ACCOUNT.test(text)) {
    const account = text.startsWith('arn:')
      ? text.slice(0, -'root'.length)
      : `arn:${partition}:iam::${text}:`;
    return { kind: 'account', arnPrefix: account };
  }
  throw refused(element, `${quoted(text)} is not the ARN of an IAM user or role, an account ID, or "*"`);
}

const WHY_NOT: ReadonlyMap<string, string> = new Map([
  ['Service', 'no service principal calls this API; name the IAM role that the service assumes'],
  ['Federated', 'federated users cannot call this API; name the IAM role that they assume'],
  ['CanonicalUser', 'is for Amazon S3 only; name an account ID'],
]);

/**
 * Returns the principals of a statement.
 *
 * @param partition partition of the policy's resource
 * @throws ValidationException that names the element that is not supported
 */
export function parsePrincipal(element: PolicyElement, partition: string): readonly StatedPrincipal[] {
  if (element.value === '*') return [{ kind: 'everyone' }];
  if (typeof element.value === 'string') {
    throw refused(element, 'must be "*" or an object such as {"AWS": "arn:aws:iam::111122223333:role/name"}');
  }
  const stated: StatedPrincipal[] = [];
  for (const [type, member] of membersOf(element)) {
    if (type !== 'AWS')
      throw refused(member, WHY_NOT.get(type) ?? 'is not supported by this service; use AWS');
    stated.push(...oneOrMore(member).map((each) => statedPrincipal(each, partition)));
  }
  return stated;
}

/**
 * Returns whether the caller is the stated principal.
 *
 * @param caller ARN of an IAM principal, as `principalOf` returns it
 */
export function isPrincipal(stated: StatedPrincipal, caller: string): boolean {
  switch (stated.kind) {
    case 'everyone':
      return true;
    case 'account':
      return caller.startsWith(stated.arnPrefix);
    case 'user-or-role':
      return caller === stated.arn;
  }
}
