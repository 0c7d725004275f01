/** What defines an operation: its route, its authorization, and the schema of its request. */
import type * as v from 'valibot';
import type { Of } from '../model/of';
import type { RoutedGroup } from './groups';

export interface Route<Group extends RoutedGroup = RoutedGroup> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path template in API Gateway's notation, relative to the stage. */
  readonly path: string;
  /** `IAM`: SigV4, checked by the gateway. `NONE`: reached by browsers, resource servers, and identity providers. */
  readonly auth: 'IAM' | 'NONE';
  readonly group: Group;
  /** Status of a successful JSON response; 204 has no body. The browser routes choose their own status. */
  readonly status: 200 | 201 | 202 | 204;
  /** Members in the query, by their type. Members in the path are those of its template. */
  readonly query?: Readonly<Record<string, 'string' | 'number' | 'strings'>>;
  /** The function that records the audit entries, if it is not the one that serves the route. */
  readonly auditedBy?: 'connections';
  /**
   * Public metadata, or a page without any. Reading it involves no decision, so it has no audit entry, and every Region
   * serves it: metadata shows that a standby works, and verifiers of tokens can read it there.
   */
  readonly metadata?: true;
}

/** Returns the names of the members in the path of a route. */
export const pathMembers = ({ path }: Pick<Route, 'path'>): string[] =>
  [...path.matchAll(/\{(\w+)\+?\}/g)].map(([, name = '']) => name);

/** The schema of a request, which is an object. */
export type RequestSchema = v.GenericSchema<unknown, object> & {
  readonly entries: Readonly<Record<string, unknown>>;
};

/** The type of a response. The member is never present: no function carries the schema of a response. */
export interface Response<Output> {
  readonly type?: Output;
}

/** Returns the type of a response that the AWS service model does not have. @template Make the function that returns its schema */
export const returns = <Make extends () => v.GenericSchema>(): Response<Of<ReturnType<Make>>> => ({});

/** The response of an operation of AWS, as the response of another one. */
export interface SameAs<Name extends string> {
  readonly operation: Name;
}

export const returnsSameAs = <Name extends string>(): Response<SameAs<Name>> => ({});

/** An operation with a JSON request. */
export interface JsonOperation<
  Input extends RequestSchema = RequestSchema,
  Group extends RoutedGroup = RoutedGroup,
  Output = unknown,
> extends Route<Group> {
  readonly input: Input;
  /** Absent if the AWS service model has the response. */
  readonly output?: Response<Output>;
}

/** What the code that performs the operation gets. */
export type InputOf<Operation extends JsonOperation> = v.InferOutput<Operation['input']>;

/** By name. Another operation is a route that browsers, resource servers, and identity providers reach. */
export type Operations<Group extends RoutedGroup = RoutedGroup> = Readonly<
  Record<string, Route<Group> | JsonOperation<RequestSchema, Group>>
>;

/** What a signed operation can state; the rest follows from its name. */
type Stated = Partial<Pick<Route, 'method' | 'path' | 'status' | 'query'>> &
  Pick<JsonOperation, 'input' | 'output'>;

/**
 * Returns signed operations. Unless they state otherwise, they have the form that AWS has for almost all of its operations:
 * a POST request with the name of the operation in the path, and the status 200.
 */
export const operations = <Group extends RoutedGroup, const Defined extends Readonly<Record<string, Stated>>>(
  group: Group,
  base: string,
  defined: Defined,
) =>
  Object.fromEntries(
    Object.entries(defined).map(([name, stated]) => [
      name,
      { method: 'POST', path: `${base}/${name}`, auth: 'IAM', group, status: 200, ...stated },
    ]),
  ) as {
    readonly [Name in keyof Defined]: JsonOperation<
      Defined[Name]['input'],
      Group,
      Defined[Name] extends { readonly output: Response<infer Output> } ? Output : unknown
    >;
  };

/** A route without a signature. */
export const open = <Group extends RoutedGroup>(
  group: Group,
  path: string,
  method: Route['method'] = 'GET',
): Route<Group> => ({ method, path, auth: 'NONE', group, status: 200 });
