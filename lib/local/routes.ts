/** Finds the route of a request by the rules of API Gateway: a literal segment takes precedence over a parameter. */

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

interface CompiledRoute<Route> {
  readonly route: Route;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

const PARAMETER = /^\{(\w+)(\+?)\}$/;

/**
 * Returns a matcher for a method and a percent-encoded path. A path that cannot be decoded matches no route.
 *
 * @param routes templates in the notation of API Gateway: `{name}` for one segment, `{name+}` for the rest of the path
 */
export function compileRoutes<Route extends Template>(routes: readonly Route[]): RouteMatcher<Route> {
  const compiled = routes.map((route) => compile(route)).sort((a, b) => a.names.length - b.names.length);
  return (method, path) => {
    for (const { route, pattern, names } of compiled) {
      const values = route.method === method ? pattern.exec(path)?.slice(1).map(decode) : undefined;
      if (values?.every((value) => value !== undefined)) {
        return {
          route,
          parameters: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])),
        };
      }
    }
    return undefined;
  };
}

function compile<Route extends Template>(route: Route): CompiledRoute<Route> {
  const names: string[] = [];
  const segments = route.path.split('/').map((segment) => {
    const [, name, greedy] = PARAMETER.exec(segment) ?? [];
    if (name === undefined) return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    names.push(name);
    return greedy ? '(.+)' : '([^/]+)';
  });
  return { route, pattern: new RegExp(`^${segments.join('/')}$`), names };
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
