/** Which route of an API a request is for, by API Gateway's rules: a literal segment wins over a parameter. */
/** What of a route it takes to find it. */
interface Template {
  readonly method: string;
  /** Path template in API Gateway's notation. */
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
 * @param routes templates in API Gateway's notation: `{name}` for one segment, `{name+}` for all that follow
 * @returns a matcher of method and percent-encoded path; a path that does not decode matches nothing
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
