/**
 * The Principal element: whom a statement speaks of.
 *
 * Taken: `"*"` (everyone whose signed request the gateway lets through), an account (its id, or
 * `arn:…:iam::{account}:root`: every principal of that account, as in IAM), a user, a role.
 *
 * A role counts by account and name, whatever its path: API Gateway tells a session's role without the path, and
 * role names are unique within an account (IAM user guide, "IAM identifiers"). So a policy may name the role
 * by its full ARN and matches this one role. What is lost is the path as a boundary: who may create roles under
 * one path only can still take a free name. Users come with their path and are compared whole.
 *
 * Refused: role sessions and federated users (callers count as their role; a statement about one session would
 * not hold), services (no service principal calls this API), groups, unique ids, and wildcards within an
 * ARN, which IAM refuses as well.
 * Source: IAM user guide, "AWS JSON policy elements: Principal".
 */
import { membersOf, oneOrMore, quoted, refused, textOf, type PolicyElement } from './policy-element';
import { hasWildcard } from './wildcard';

export type StatedPrincipal =
  | { readonly kind: 'everyone' }
  /** Every principal whose ARN begins so. */
  | { readonly kind: 'account'; readonly arnPrefix: string }
  | { readonly kind: 'user-or-role'; readonly arn: string };

const NAME = '[\\w+=,.@-]{1,64}';
const PATH = '(?:[\\u0021-\\u007e]{1,510}/)?';
const ROLE = new RegExp(`^(arn:aws[a-z-]*:iam::\\d{12}:role/)${PATH}(${NAME})$`);
const USER = new RegExp(`^arn:aws[a-z-]*:iam::\\d{12}:user/${PATH}${NAME}$`);
const ACCOUNT = /^(?:\d{12}|arn:aws[a-z-]*:iam::\d{12}:root)$/;
const SESSION = /^arn:aws[a-z-]*:sts:/;

/**
 * The ARN by which this service knows a user or role; a role loses its path.
 *
 * @returns undefined when it is the ARN of neither
 */
export function principalArnOf(arn: string): string | undefined {
  const [, prefix, name] = ROLE.exec(arn) ?? [];
  if (prefix && name) return `${prefix}${name}`;
  return USER.test(arn) ? arn : undefined;
}

/** Why sessions are refused, wherever one is named. */
export const NO_SESSIONS =
  'a role session counts as its role here; name the role, arn:{partition}:iam::{account}:role/{name}';

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
  throw refused(element, `${quoted(text)} is not the ARN of an IAM user or role, an account id, or "*"`);
}

const WHY_NOT: ReadonlyMap<string, string> = new Map([
  ['Service', 'no service principal calls this API; name the IAM role that the service assumes'],
  ['Federated', 'federated users cannot call this API; name the IAM role that they assume'],
  ['CanonicalUser', 'is for Amazon S3 only; name an account id'],
]);

/**
 * @param element the Principal of a statement
 * @param partition partition of the resource that the policy is put on
 * @throws ValidationException naming the element that is not understood
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
 * @param caller ARN of an IAM principal, as `principalOf` gives it
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
