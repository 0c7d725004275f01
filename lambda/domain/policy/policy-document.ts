/**
 * Resource policies: IAM policy JSON on a workload identity or a credential provider. Putting a policy rejects every
 * element that the evaluator does not support, and names it. So a stored policy means what it says.
 *
 * Elements: Version (`2012-10-17`), Id, Statement (one or a list) of Sid, Effect, Principal, Action, Resource, Condition.
 * Principal, Action, and Resource are required. The service rejects NotPrincipal, NotAction, and NotResource (with an
 * Allow, they also allow future principals and operations), policy variables, repeated names, Actions that match no
 * operation of the resource, and Resources that do not match the resource itself. Each of these would make a statement
 * mean less or more than its author expects.
 * Source: IAM user guide, "IAM JSON policy element reference"; Amazon Bedrock AgentCore developer guide,
 * "Resource-based policies".
 */
import { arnParts } from '../../model/arn';
import { invalidMember } from '../service-error';
import { parseConditions, type Condition } from './condition-element';
import {
  GOVERNED_OPERATIONS,
  governedKindOf,
  type GovernedOperation,
  type GovernedKind,
  type ResourceOperation,
} from './governed-operations';
import { membersOf, oneOrMore, quoted, refused, textOf, type PolicyElement } from './policy-element';
import { parsePrincipal, type StatedPrincipal } from './principal-element';
import { parseUnambiguousJson } from './unambiguous-json';
import { matchesArn, matchesWildcard } from './wildcard';

/** Maximum characters of a policy: `ResourcePolicyBody` in the AWS service model. */
export const MAX_POLICY_LENGTH = 20_480;

const ACTION_PREFIX = 'bedrock-agentcore:';

export interface Statement {
  /** Its Sid, or its position in the document, for the audit log. */
  readonly name: string;
  readonly effect: 'Allow' | 'Deny';
  readonly principals: readonly StatedPrincipal[];
  /** The operations that match its actions. */
  readonly operations: ReadonlySet<ResourceOperation>;
  readonly conditions: readonly Condition[];
}

/** A policy in which every element is supported. */
export interface PolicyDocument {
  readonly statements: readonly Statement[];
}

/** The resource that the policy is put on. */
interface Subject {
  readonly arn: string;
  readonly partition: string;
  readonly kind: GovernedKind;
}

const WHY_NOT: ReadonlyMap<string, string> = new Map([
  ['NotPrincipal', 'is not supported by this service; use Principal with a Condition on aws:PrincipalArn'],
  ['NotAction', 'is not supported by this service; use Action'],
  ['NotResource', 'is not supported by this service; use Resource'],
]);

/** Returns the members of an object, if all names are known. */
function knownMembers<Needed extends string, Optional extends string>(
  element: PolicyElement,
  needed: readonly Needed[],
  optional: readonly Optional[],
): Record<Needed, PolicyElement> & Partial<Record<Optional, PolicyElement>> {
  const members = membersOf(element);
  const known = new Set<string>([...needed, ...optional]);
  for (const [name, member] of members) {
    if (!known.has(name)) throw refused(member, WHY_NOT.get(name) ?? 'is not a policy element');
  }
  const missing = needed.find((name) => !members.has(name));
  if (missing) throw refused(element, `must have ${missing}`);
  return Object.fromEntries(members) as Record<Needed, PolicyElement> &
    Partial<Record<Optional, PolicyElement>>;
}

/** Returns the operations that match an action. IAM ignores the case of actions. */
function operationsOf(element: PolicyElement, { kind }: Subject): readonly GovernedOperation[] {
  const action = textOf(element).toLowerCase();
  const governed: readonly GovernedOperation[] = GOVERNED_OPERATIONS[kind];
  if (action === '*') return governed;
  if (!action.startsWith(ACTION_PREFIX))
    throw refused(element, `must begin with "${ACTION_PREFIX}", or be "*"`);
  const pattern = action.slice(ACTION_PREFIX.length);
  const operations = governed.filter((operation) => matchesWildcard(pattern, operation.toLowerCase()));
  if (operations.length > 0) return operations;
  throw refused(element, `is not an operation of this resource; use ${governed.join(', ')}`);
}

function checkResource(element: PolicyElement, { arn }: Subject): void {
  const text = textOf(element);
  if (text !== '*' && !matchesArn(text, arn)) {
    throw refused(element, `${quoted(text)} does not match ${arn}, the resource that the policy is put on`);
  }
}

function effectOf(element: PolicyElement): 'Allow' | 'Deny' {
  if (element.value === 'Allow' || element.value === 'Deny') return element.value;
  throw refused(element, 'must be Allow or Deny');
}

/** Returns the Sid in the form that IAM requires, or the position in the document. */
function nameOf(sid: PolicyElement | undefined, statement: PolicyElement): string {
  if (!sid) return statement.path;
  const text = textOf(sid);
  if (/^[A-Za-z0-9]{1,128}$/.test(text)) return text;
  throw refused(sid, 'must have 1 to 128 letters and digits');
}

function parseStatement(element: PolicyElement, subject: Subject): Statement {
  const { Sid, Effect, Principal, Action, Resource, Condition } = knownMembers(
    element,
    ['Effect', 'Principal', 'Action', 'Resource'],
    ['Sid', 'Condition'],
  );
  const effect = effectOf(Effect);
  for (const resource of oneOrMore(Resource)) checkResource(resource, subject);
  return {
    name: nameOf(Sid, element),
    effect,
    principals: parsePrincipal(Principal, subject.partition),
    operations: new Set(oneOrMore(Action).flatMap((action) => operationsOf(action, subject))),
    conditions: Condition ? parseConditions(Condition, effect, subject.kind) : [],
  };
}

function subjectOf(resourceArn: string): Subject {
  const kind = governedKindOf(resourceArn);
  const { partition } = arnParts(resourceArn);
  if (kind && partition) return { arn: resourceArn, partition, kind };
  throw invalidMember(
    'resourceArn',
    'resource policies are supported on workload identities and credential providers',
  );
}

/**
 * Returns the parsed policy.
 *
 * @param text a policy as JSON, up to 20,480 characters
 * @param resourceArn ARN of the policy's resource
 * @throws ValidationException that names the element that is not supported
 */
export function parsePolicyDocument(text: string, resourceArn: string): PolicyDocument {
  const subject = subjectOf(resourceArn);
  if (text.length > MAX_POLICY_LENGTH) {
    throw invalidMember('policy', `is longer than ${MAX_POLICY_LENGTH} characters`);
  }
  const { Version, Id, Statement } = knownMembers(
    { path: '', value: parseUnambiguousJson(text) },
    ['Version', 'Statement'],
    ['Id'],
  );
  if (Version.value !== '2012-10-17') throw refused(Version, 'must be 2012-10-17');
  if (Id) textOf(Id);
  const statements = oneOrMore(Statement).map((element) => parseStatement(element, subject));
  const names = statements.map(({ name }) => name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw refused(Statement, `the Sid "${repeated}" is repeated`);
  return { statements };
}
