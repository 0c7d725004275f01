/**
 * Resource policies: IAM policy JSON on a workload identity or a credential provider. What the evaluator does not
 * understand is refused when the policy is put, with the element's name; so a stored policy means what it says.
 *
 * Elements: Version (`2012-10-17`), Id, Statement (one or a list) of Sid, Effect, Principal, Action, Resource,
 * Condition. Principal, Action and Resource are needed. Refused are NotPrincipal, NotAction and NotResource
 * (beside an Allow they let in whoever comes next), policy variables, names that stand twice, Actions that no
 * operation of the resource answers to, and Resources that do not match the resource itself: each would make a
 * statement mean less, or more, than its author believes.
 * Source: IAM user guide, "IAM JSON policy element reference"; Amazon Bedrock AgentCore developer guide,
 * "Resource-based policies".
 */
import { invalidMember } from '../service-error';
import { parseConditions, type Condition } from './condition-element';
import {
  GOVERNED_OPERATIONS,
  governedKindOf,
  type GovernedOperation,
  type GovernedKind,
} from './governed-operations';
import { membersOf, oneOrMore, quoted, refused, textOf, type PolicyElement } from './policy-element';
import { parsePrincipal, type StatedPrincipal } from './principal-element';
import { parseUnambiguousJson } from './unambiguous-json';
import { matchesArn, matchesWildcard } from './wildcard';

/** Characters of a policy at most: `ResourcePolicyBody` in AWS's service model. */
const MAX_LENGTH = 20_480;

const ACTION_PREFIX = 'bedrock-agentcore:';

export interface Statement {
  /** Its Sid, or its place in the document; for the audit trail. */
  readonly name: string;
  readonly effect: 'Allow' | 'Deny';
  readonly principals: readonly StatedPrincipal[];
  /** The operations that its actions stand for. */
  readonly operations: ReadonlySet<GovernedOperation>;
  readonly conditions: readonly Condition[];
}

/** A policy that was understood whole. */
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

/** The members of an object of which all names are known. */
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
  if (missing) throw refused(element, `needs ${missing}`);
  return Object.fromEntries(members) as Record<Needed, PolicyElement> &
    Partial<Record<Optional, PolicyElement>>;
}

/** The operations that an action stands for. IAM compares actions without regard to case. */
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

/** The Sid, as IAM wants it; else the place in the document. */
function nameOf(sid: PolicyElement | undefined, statement: PolicyElement): string {
  if (!sid) return statement.path;
  const text = textOf(sid);
  if (/^[A-Za-z0-9]{1,128}$/.test(text)) return text;
  throw refused(sid, 'takes 1 to 128 letters and digits');
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
  const [, partition] = resourceArn.split(':');
  if (kind && partition) return { arn: resourceArn, partition, kind };
  throw invalidMember(
    'resourceArn',
    'resource policies are supported on workload identities and credential providers',
  );
}

/**
 * @param text a policy as JSON, at most 20,480 characters
 * @param resourceArn ARN of the resource that it is put on
 * @throws ValidationException naming the element that is not understood
 */
export function parsePolicyDocument(text: string, resourceArn: string): PolicyDocument {
  const subject = subjectOf(resourceArn);
  if (text.length > MAX_LENGTH) throw invalidMember('policy', `is longer than ${MAX_LENGTH} characters`);
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
