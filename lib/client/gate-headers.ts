/** What the gate puts into the headers of the request by which it invokes an agent, under AWS's names. */
import { WorkloadAccessTokenError } from './errors';
import { givenWorkloadAccessToken, type WorkloadAccessTokenSource } from './workload-access-token';

interface HeaderList {
  get(name: string): string | null;
}

/** As `fetch` has them, or as Node.js and MCP's SDK do. */
export type RequestHeaders = HeaderList | Readonly<Record<string, string | readonly string[] | undefined>>;

/** Spread into a wrapper's options. */
export interface FromGate {
  readonly workloadIdentityToken: WorkloadAccessTokenSource;
  /** Where the user goes after consent; absent where the gate has none configured. */
  readonly callbackUrl: string | undefined;
}

const isHeaderList = (headers: RequestHeaders): headers is HeaderList => typeof headers.get === 'function';

function header(headers: RequestHeaders, name: string): string | undefined {
  if (isHeaderList(headers)) return headers.get(name) ?? undefined;
  const values = Object.entries(headers)
    .filter(([key]) => key.toLowerCase() === name.toLowerCase())
    .flatMap(([, value]) => value ?? []);
  // One that is there twice is nobody's.
  return values.length === 1 ? values[0] : undefined;
}

/**
 * @param headers of the request that invoked the agent
 * @throws WorkloadAccessTokenError when there is no token: the request did not come through a gate
 */
export function fromGate(headers: RequestHeaders = {}): FromGate {
  const token = header(headers, 'WorkloadAccessToken');
  if (!token) {
    throw new WorkloadAccessTokenError(
      'The request has no WorkloadAccessToken header. Invoke the agent through its gate, or use `workloadAccessTokens`.',
    );
  }
  return {
    workloadIdentityToken: givenWorkloadAccessToken(token),
    callbackUrl: header(headers, 'OAuth2CallbackUrl'),
  };
}
