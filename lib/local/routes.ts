/** Which route of the registry a request is for, by API Gateway's rules: a literal segment wins over a parameter. */
import type { Route } from '../../lambda/api/operations';

export interface RouteMatch {
  readonly route: Route;
  /** Decoded values of the template's parameters. */
  readonly parameters: Readonly<Record<string, string>>;
}

export type RouteMatcher = (method: string, path: string) => RouteMatch | undefined;

interface CompiledRoute {
  readonly route: Route;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

const PARAMETER = /^\{(\w+)(\+?)\}$/;

/**
 * @param routes templates in API Gateway's notation: `{name}` for one segment, `{name+}` for all that follow
 * @returns a matcher of method and percent-encoded path; a path that does not decode matches nothing
 */
export function compileRoutes(routes: readonly Route[]): RouteMatcher {
  const compiled = routes.map(compile).sort((a, b) => a.names.length - b.names.length);
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

function compile(route: Route): CompiledRoute {
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
