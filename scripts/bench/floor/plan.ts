/** What the floor gets with an event, so that it computes nothing that a caller could know: the keys of the items to read. */

export interface PlannedKey {
  readonly pk: string;
  readonly sk: string;
}

export interface Plan {
  /** Keys in the directory table. The first one is the workload identity. */
  readonly directory: readonly PlannedKey[];
  /** Key of the sealed record in the vault table; absent for an operation that opens nothing. */
  readonly vault?: PlannedKey;
  /** Partition of the vault table, for a list. */
  readonly partition?: string;
  /** Where the issuer of the user token publishes its metadata. */
  readonly discoveryUrl?: string;
}

/** The context of a call, which has the plan in addition to the context of Lambda. */
export interface PlannedContext {
  readonly plan: Plan;
}

/** The members of an API Gateway event that are read. */
export interface GatewayEvent {
  readonly path: string;
  readonly body: string;
}

export interface GatewayResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const responseOf = (body: object): GatewayResponse => ({
  statusCode: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
