/**
 * The calls that a function accepts from other functions. An event is one call: `{ [name]: input }`. During a deployment,
 * either function can be the version before: a function ignores additional members of its event, and the caller those of
 * the result. A member that changes what an event means must be known to the release before the one that sends it.
 */
import * as v from 'valibot';
import type { Of } from '../of';

/** The schema of the input of each call, by the call's name. */
export type Calls = Readonly<Record<string, v.GenericSchema>>;

/** What a function does for each call. @template Results the results by name; a call without one has none */
export type Callee<Accepted extends Calls, Results = object> = {
  readonly [Name in keyof Accepted]: (
    input: Of<Accepted[Name]>,
  ) => Promise<Name extends keyof Results ? Results[Name] : void>;
};

export type EventOf<Accepted extends Calls> = {
  readonly [Name in keyof Accepted]: { readonly [Named in Name]: Of<Accepted[Named]> };
}[keyof Accepted];

/** @param context members that an event can have in addition to its call */
export const eventSchemaOf = <Accepted extends Calls>(calls: Accepted, context: v.ObjectEntries = {}) =>
  v.union(
    Object.entries(calls).map(([name, input]) => v.object({ ...context, [name]: input })),
  ) as unknown as v.GenericSchema<unknown, EventOf<Accepted>>;
