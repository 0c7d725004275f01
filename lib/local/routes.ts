/**
 * Finds the route of a request by the rules of API Gateway: the path selects a resource, and then the method selects one
 * of the resource's methods. A literal segment takes precedence over a parameter, and a parameter over the rest of a path.
 */

/** The part of a route that is needed to match it. */
interface Template {
  readonly method: string;
  /** Path template in the notation of API Gateway. */
  readonly path: string;
}

export interface RouteMatch<Route> {
  readonly route: Route;
  /** Decoded values of the template's parameters. */
  readonly parameters: Readonly<Record<string, string>>;
}

export type RouteMatcher<Route> = (method: string, path: string) => RouteMatch<Route> | undefined;

/** A path template, and its routes by method. */
interface Resource<Route> {
  readonly path: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly routes: ReadonlyMap<string, Route>;
}

const PARAMETER = /^\{(\w+)(\+?)\}$/;

/**
 * Returns a matcher for a method and a percent-encoded path. A path that cannot be decoded matches no route.
 *
 * @param routes templates in the notation of API Gateway: `{name}` for one segment, `{name+}` for the rest of the path
 */
export function compileRoutes<Route extends Template>(routes: readonly Route[]): RouteMatcher<Route> {
  const paths = [...new Set(routes.map(({ path }) => path))];
  const resources = paths
    .map((path) =>
      compile(
        path,
        routes.filter((route) => route.path === path),
      ),
    )
    .sort((a, b) => compared(a.path, b.path));
  return (method, path) => {
    for (const { pattern, names, routes: methods } of resources) {
      const values = pattern.exec(path)?.slice(1).map(decode);
      if (!values?.every((value) => value !== undefined)) continue;
      const route = methods.get(method);
      if (!route) return undefined;
      return {
        route,
        parameters: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])),
      };
    }
    return undefined;
  };
}

/** Sorts the more specific template first. */
function compared(one: string, other: string): number {
  const [first, second] = [ranksOf(one), ranksOf(other)];
  const place = first.findIndex((rank, index) => rank !== second[index]);
  return place < 0 ? 0 : (first[place] ?? 0) - (second[place] ?? 0);
}

/** The rank of each segment: literal, parameter, rest of the path. */
const ranksOf = (path: string): number[] =>
  path.split('/').map((segment) => {
    const [parameter, , greedy] = PARAMETER.exec(segment) ?? [];
    return parameter === undefined ? 0 : greedy ? 2 : 1;
  });

function compile<Route extends Template>(path: string, routes: readonly Route[]): Resource<Route> {
  const names: string[] = [];
  const segments = path.split('/').map((segment) => {
    const [, name, greedy] = PARAMETER.exec(segment) ?? [];
    if (name === undefined) return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    names.push(name);
    return greedy ? '(.+)' : '([^/]+)';
  });
  return {
    path,
    // API Gateway ignores a slash at the end, which the rest of a path contains.
    pattern: new RegExp(`^${segments.join('/')}/?$`),
    names,
    routes: new Map(routes.map((route) => [route.method, route])),
  };
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
