/** What the documentation says of an operation. Only scripts read it, and no function's bundle contains it. */
import type * as v from 'valibot';
import type { ErrorName } from '../domain/service-error';
import type { RoutedGroup } from './groups';
import type { JsonOperation, Operations, RequestSchema, SameAs } from './operation';

/** A difference from AWS. */
export interface Difference {
  /** A clause without a subject, such as "lists only the resources that the caller owns". */
  readonly what: string;
  readonly why: string;
}

export interface Reference {
  readonly does: string;
  /** In addition to the errors that every operation can return. */
  readonly errors?: readonly ErrorName[];
  readonly differs?: readonly Difference[];
  /**
   * Makes the schema of a response that the AWS service model does not have; or names the operation with the same response.
   * It is a function, because esbuild does not drop a schema that no code uses.
   */
  readonly output?: (() => v.GenericSchema) | string;
}

/** A reference has an output if the definition has one. */
type OutputReference<Output> = unknown extends Output
  ? { readonly output?: never }
  : { readonly output: Output extends SameAs<infer Name> ? Name : () => v.GenericSchema<unknown, Output> };

/** Of a route without a signature, what it is for. */
export type ReferenceOf<Defined extends Operations> = {
  readonly [Name in keyof Defined]: Defined[Name] extends JsonOperation<
    RequestSchema,
    RoutedGroup,
    infer Output
  >
    ? Reference & OutputReference<Output>
    : string;
};
