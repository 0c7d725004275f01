/** What decisions need of Cedar, in the forms of its JSON (Cedar policy language reference guide, "Entities JSON syntax"). */

export interface EntityId {
  readonly type: string;
  readonly id: string;
}

/** A value of JSON with the integers, decimals, and entities that Cedar tells apart. It has no null. */
export type CedarValue =
  | string
  | number
  | boolean
  | { readonly __entity: EntityId }
  | { readonly __extn: { readonly fn: string; readonly arg: string } }
  | readonly CedarValue[]
  | CedarRecord;

export interface CedarRecord {
  readonly [member: string]: CedarValue;
}

export interface Entity {
  readonly uid: EntityId;
  readonly attrs: CedarRecord;
  readonly parents: readonly EntityId[];
  readonly tags?: CedarRecord;
}

/** The question whether a principal can do something. The entities are the principal, the action, and the resource. */
export interface CedarRequest {
  readonly principal: EntityId;
  readonly action: EntityId;
  readonly resource: EntityId;
  readonly context: CedarRecord;
  readonly entities: readonly Entity[];
}

/** Policies that are decided on together. */
export interface PolicySet {
  /** Of this content. Another content has another key. */
  readonly key: string;
  /** By policy ID. */
  readonly statements: Readonly<Record<string, string>>;
}

export interface Evaluation {
  readonly decision: 'allow' | 'deny';
  /** IDs of the policies that determine the decision. */
  readonly determining: readonly string[];
  /** IDs of the policies whose conditions could not be evaluated. */
  readonly failed: readonly string[];
}

/** The type of a value, as in a schema of Cedar in JSON. */
export type CedarType =
  | { readonly type: 'String' | 'Long' | 'Boolean' }
  | { readonly type: 'Extension'; readonly name: 'decimal' }
  | { readonly type: 'Set'; readonly element: CedarType }
  | RecordType;

export interface RecordType {
  readonly type: 'Record';
  readonly attributes: Readonly<Record<string, CedarType & { readonly required: boolean }>>;
}

/** An action in a schema: those that apply to nothing are groups. */
export interface ActionType {
  readonly memberOf: readonly { readonly id: string }[];
  readonly context?: RecordType;
}

/** What the scope of a policy names. */
export interface StatementScope {
  readonly actions: readonly string[];
  /** ARNs of gateways. */
  readonly gateways: readonly string[];
}

/** The library. An error of it is no decision, and the request fails. */
export interface Cedar {
  evaluate(policies: PolicySet, request: CedarRequest): Promise<Evaluation>;
  /** Returns, for each request, whether it is permitted for some `context.input`. */
  couldPermit(policies: PolicySet, requests: readonly CedarRequest[]): Promise<readonly boolean[]>;
  /** Returns why a statement is not one policy, or what its scope names. */
  parse(
    statement: string,
  ): Promise<{ readonly faults: readonly string[] } | { readonly scope: StatementScope }>;
  /** Returns what a statement says of things that are not among the actions. @param actions by ID */
  validate(statement: string, actions: Readonly<Record<string, ActionType>>): Promise<readonly string[]>;
}

export const NAMESPACE = 'AgentCore';
export const ACTION = `${NAMESPACE}::Action`;
export const GATEWAY = `${NAMESPACE}::Gateway`;

/** Parents of the action of each tool, in addition to its target. */
export const TOOL_PARENTS = ['CallTool', 'Mcp'] as const;
