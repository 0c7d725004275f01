/**
 * Condition keys that a statement can use. Putting a policy with any other key is rejected.
 *
 * | key                                   | on                 | value                                              |
 * | ------------------------------------- | ------------------ | -------------------------------------------------- |
 * | aws:PrincipalArn                      | every resource     | the principal's ARN; a role's has no path          |
 * | aws:PrincipalAccount                  | every resource     | its account ID                                     |
 * | aws:PrincipalType                     | every resource     | Account (the root user), User or AssumedRole       |
 * | aws:PrincipalIsAWSService             | every resource     | false: no service principal calls this API         |
 * | bedrock-agentcore:userid              | workload identity  | GetWorkloadAccessTokenForUserId: the user ID       |
 * | bedrock-agentcore:WorkloadIdentityArn | providers          | the agent that requests a credential, or the portal |
 * |                                       |                    | that signs users in                                |
 * | bedrock-agentcore:CallingAgentArns    | every resource     | the agents before the agent in a chain; multivalued |
 * | bedrock-agentcore:Scopes              | OAuth2 providers   | the requested scopes; multivalued                  |
 * | bedrock-agentcore:CustomParameters    | OAuth2 providers   | names of the custom parameters; multivalued        |
 * | bedrock-agentcore:Resources           | OAuth2 providers   | the requested resources (RFC 8707), or the one     |
 * |                                       |                    | resource that the provider is for; multivalued     |
 * | bedrock-agentcore:Audiences           | OAuth2 providers   | the requested audiences (RFC 8693); multivalued    |
 *
 * Scopes include those that a vendor's custom parameter requests (`user_scope`, `optional_scope`).
 *
 * Sources: IAM user guide, "AWS global condition context keys"; service authorization reference, "Amazon
 * Bedrock AgentCore" (`userid`). This service defines WorkloadIdentityArn, CallingAgentArns, Scopes,
 * CustomParameters, Resources, and Audiences.
 */
import { arnParts } from '../../model/arn';
import type { ConditionOperator } from './condition-operators';
import type { GovernedKind } from './governed-operations';
import { quoted, refused, textOf, truthOf, type PolicyElement } from './policy-element';
import { NO_SESSIONS, principalArnOf } from './principal-element';
import { hasWildcard } from './wildcard';

/** The members of a request in addition to caller and operation. Omit members that the operation does not have. */
export interface RequestContext {
  readonly workloadIdentityArn?: string | undefined;
  /**
   * The agents before the agent, as its verified workload access token names them, or as the token of the agent that calls
   * it does. None if a user or an application called the agent, and without a workload access token.
   */
  readonly callingAgentArns?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** Their names. */
  readonly customParameters?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly audiences?: readonly string[] | undefined;
  readonly userId?: string | undefined;
}

/** The request for which condition keys are evaluated. */
export interface KeySource extends RequestContext {
  /** ARN of an IAM principal, as `principalOf` returns it. */
  readonly principal: string;
}

export interface ConditionKey {
  readonly name: string;
  readonly on: readonly GovernedKind[];
  readonly families: readonly ConditionOperator['family'][];
  readonly manyValues: boolean;
  /** Whether a request without the key still gets something, such as default scopes. */
  readonly absentMeansDefault?: true;
  /**
   * Returns a policy value in its form for comparison.
   *
   * @throws ValidationException for a value that can never match, because a Deny with it would deny nothing
   */
  parse(element: PolicyElement, operator: ConditionOperator): string;
  /** Returns the request's values; none if the request has no such key. */
  read(request: KeySource): readonly string[];
}

const EVERY: readonly GovernedKind[] = [
  'workload-identity',
  'oauth2credentialprovider',
  'apikeycredentialprovider',
];
const PROVIDERS: readonly GovernedKind[] = ['oauth2credentialprovider', 'apikeycredentialprovider'];

const valueOf = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value]);

/** Rejects wildcards that an operator compares literally, because the value cannot contain them. */
function refuseLiteralWildcard(element: PolicyElement, operator: ConditionOperator, text: string): void {
  if (hasWildcard(text) && !operator.wildcards) {
    throw refused(
      element,
      'has a wildcard, which this operator compares literally; use StringLike or ArnLike',
    );
  }
}

/**
 * Returns an ARN's text. StringLike compares an ARN as plain text, so that the `*` of an account would also match parts
 * of the resource (a user's path can contain colons). So only ArnLike allows wildcards before the resource.
 */
function arnText(element: PolicyElement, operator: ConditionOperator): string {
  const text = textOf(element);
  refuseLiteralWildcard(element, operator, text);
  const beforeResource = text.split(':').slice(0, 5).join(':');
  if (operator.family === 'String' && hasWildcard(beforeResource)) {
    throw refused(element, 'has a wildcard before the resource, where it could match too much; use ArnLike');
  }
  return text;
}

const PRINCIPAL = /^arn:[\w*?-]+:iam::[\d*?]{1,12}:(?:\*|root|user\/[\u0021-\u007e]+|role\/[\w+=,.@*?-]+)$/;

function parsePrincipalArn(element: PolicyElement, operator: ConditionOperator): string {
  const text = arnText(element, operator);
  if (/^arn:[^:]*:sts:/.test(text)) throw refused(element, NO_SESSIONS);
  const arn = hasWildcard(text) ? text : (principalArnOf(text) ?? text);
  if (PRINCIPAL.test(arn)) return arn;
  throw refused(
    element,
    `${quoted(text)} is not the ARN of an IAM principal, or a role's path with a wildcard (the service does not know a role's path)`,
  );
}

function parseAccount(element: PolicyElement, operator: ConditionOperator): string {
  const text = textOf(element);
  refuseLiteralWildcard(element, operator, text);
  if (hasWildcard(text) ? /^[\d*?]{1,12}$/.test(text) : /^\d{12}$/.test(text)) return text;
  throw refused(element, `${quoted(text)} is not an account ID of 12 digits`);
}

const TYPES = { root: 'Account', user: 'User', role: 'AssumedRole' } as const;

function parseType(element: PolicyElement, operator: ConditionOperator): string {
  const text = textOf(element);
  const { match } = operator.parse([text]);
  if (Object.values(TYPES).some(match)) return text;
  throw refused(element, `${quoted(text)} must be one of ${Object.values(TYPES).join(', ')}`);
}

const WORKLOAD_IDENTITY =
  /^arn:[\w*?-]+:bedrock-agentcore:[\w*?-]+:[\d*?]{1,12}:(workload-identity-directory\/[\w*?-]+\/workload-identity\/[\w.*?-]+|consent-portal\/[\w*?-]+)$/;

/** No portal is in a chain of agents. */
const CALLING_AGENT =
  /^arn:[\w*?-]+:bedrock-agentcore:[\w*?-]+:[\d*?]{1,12}:workload-identity-directory\/[\w*?-]+\/workload-identity\/[\w.*?-]+$/;

const parseAgentArn =
  (form: RegExp) =>
  (element: PolicyElement, operator: ConditionOperator): string => {
    const text = arnText(element, operator);
    if (form.test(text)) return text;
    throw refused(
      element,
      `${quoted(text)} is not an ARN like arn:aws:bedrock-agentcore:{region}:{account}:workload-identity-directory/default/workload-identity/{name}`,
    );
  };

/** The parts of a principal's ARN that condition keys use. */
function partsOf(principal: string): { account: string; type: string } {
  const { account, resource } = arnParts(principal);
  const [noun = ''] = resource.split('/', 1);
  const type = noun === 'root' || noun === 'user' ? TYPES[noun] : TYPES.role;
  return { account, type };
}

const KEYS: readonly ConditionKey[] = [
  {
    name: 'aws:PrincipalArn',
    on: EVERY,
    families: ['Arn', 'String'],
    manyValues: false,
    parse: parsePrincipalArn,
    read: ({ principal }) => [principal],
  },
  {
    name: 'aws:PrincipalAccount',
    on: EVERY,
    families: ['String'],
    manyValues: false,
    parse: parseAccount,
    read: ({ principal }) => [partsOf(principal).account],
  },
  {
    name: 'aws:PrincipalType',
    on: EVERY,
    families: ['String'],
    manyValues: false,
    parse: parseType,
    read: ({ principal }) => [partsOf(principal).type],
  },
  {
    name: 'aws:PrincipalIsAWSService',
    on: EVERY,
    families: ['Bool'],
    manyValues: false,
    parse: (element) => String(truthOf(element)),
    read: () => ['false'],
  },
  {
    name: 'bedrock-agentcore:userid',
    on: ['workload-identity'],
    families: ['String'],
    manyValues: false,
    parse: textOf,
    read: ({ userId }) => valueOf(userId),
  },
  {
    name: 'bedrock-agentcore:WorkloadIdentityArn',
    on: PROVIDERS,
    families: ['Arn', 'String'],
    manyValues: false,
    parse: parseAgentArn(WORKLOAD_IDENTITY),
    read: ({ workloadIdentityArn }) => valueOf(workloadIdentityArn),
  },
  {
    name: 'bedrock-agentcore:CallingAgentArns',
    on: EVERY,
    families: ['Arn', 'String'],
    manyValues: true,
    parse: parseAgentArn(CALLING_AGENT),
    read: ({ callingAgentArns }) => callingAgentArns ?? [],
  },
  {
    name: 'bedrock-agentcore:Scopes',
    on: ['oauth2credentialprovider'],
    families: ['String'],
    manyValues: true,
    absentMeansDefault: true,
    parse: textOf,
    read: ({ scopes }) => scopes ?? [],
  },
  {
    name: 'bedrock-agentcore:CustomParameters',
    on: ['oauth2credentialprovider'],
    families: ['String'],
    manyValues: true,
    parse: textOf,
    read: ({ customParameters }) => customParameters ?? [],
  },
  {
    name: 'bedrock-agentcore:Resources',
    on: ['oauth2credentialprovider'],
    families: ['String'],
    manyValues: true,
    absentMeansDefault: true,
    parse: textOf,
    read: ({ resources }) => resources ?? [],
  },
  {
    name: 'bedrock-agentcore:Audiences',
    on: ['oauth2credentialprovider'],
    families: ['String'],
    manyValues: true,
    absentMeansDefault: true,
    parse: textOf,
    read: ({ audiences }) => audiences ?? [],
  },
];

/** Keys by lower-case name: IAM ignores the case of keys. */
const BY_NAME: ReadonlyMap<string, ConditionKey> = new Map(KEYS.map((key) => [key.name.toLowerCase(), key]));

/**
 * Returns the condition key.
 *
 * @param name of the key, in any case
 * @param kind of the policy's resource
 */
export function conditionKey(name: string, kind: GovernedKind): ConditionKey | undefined {
  const key = BY_NAME.get(name.toLowerCase());
  return key?.on.includes(kind) ? key : undefined;
}

/** Returns the names of the keys that a policy on such a resource can use. */
export const conditionKeyNames = (kind: GovernedKind): readonly string[] =>
  KEYS.filter(({ on }) => on.includes(kind)).map(({ name }) => name);
