/**
 * What a program acts on in an error, together with its AWS type: the member `problem` of the body. A message is for
 * people, and its words can change. Types only, so that no function carries the catalogue.
 */

/** The name of a kind of resource in messages. The two kinds of credential providers have separate names. */
export type ResourceKind =
  | 'workload identity'
  | 'OAuth 2.0 credential provider'
  | 'API key credential provider'
  | 'consent portal'
  | 'gateway'
  | 'gateway target'
  | 'policy engine'
  | 'policy';

/** The values of each code. They say nothing that the message does not say. */
export interface ErrorValues {
  /** There is no such resource. */
  ResourceNotFound: { readonly resource: ResourceKind; readonly name: string };
  /** Another resource has the name, possibly one of another principal. */
  NameTaken: { readonly resource: ResourceKind; readonly name: string };
  /** The request has `requireOwnership`, and the resource belongs to another principal. */
  NotOwner: { readonly name: string };
  /** The deletion has begun. A repetition of the request continues it. */
  DeletionIncomplete: Readonly<Record<never, never>>;
  /** The authorization server did not do what was asked. `error` is its OAuth error code, or one of this service. */
  ProviderRejected: { readonly provider: string; readonly error: string };
  /** As above, but a retry can succeed. */
  ProviderUnavailable: { readonly provider: string; readonly error: string };
  /** The metadata of an MCP server cannot be used. */
  McpServerRejected: { readonly error: string };
  /** As above, but a retry can succeed. */
  McpServerUnavailable: { readonly error: string };
  /** API Gateway knows no such method and path; it says the same of some requests whose signature is not valid. */
  UnknownOperation: Readonly<Record<never, never>>;
}

export type ErrorCode = keyof ErrorValues;

/** A code with its values. */
export type CodedError<Code extends ErrorCode = ErrorCode> = {
  [Each in Code]: { readonly code: Each; readonly values: ErrorValues[Each] };
}[Code];
