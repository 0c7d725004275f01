/** The headers of the request by which the gate invokes an agent. They have the AWS names. */
import { WorkloadAccessTokenError } from './errors';
import { staticWorkloadAccessToken, type WorkloadAccessTokenSource } from './workload-access-token';

interface HeaderList {
  get(name: string): string | null;
}

/** The headers as `fetch`, Node.js, or the MCP SDK represents them. */
export type RequestHeaders = HeaderList | Readonly<Record<string, string | readonly string[] | undefined>>;

/** Options to spread into the options of a wrapper. */
export interface GateOptions {
  readonly workloadIdentityToken: WorkloadAccessTokenSource;
  /** Where the browser returns after consent; undefined if the gate has no return URL. */
  readonly callbackUrl: string | undefined;
}

const isHeaderList = (headers: RequestHeaders): headers is HeaderList => typeof headers.get === 'function';

function header(headers: RequestHeaders, name: string): string | undefined {
  if (isHeaderList(headers)) return headers.get(name) ?? undefined;
  const values = Object.entries(headers)
    .filter(([key]) => key.toLowerCase() === name.toLowerCase())
    .flatMap(([, value]) => value ?? []);
  // A repeated header is ignored: it is unknown which value is the gate's.
  return values.length === 1 ? values[0] : undefined;
}

/**
 * Returns the options that the gate sends with each invocation.
 *
 * @param headers of the request that invoked the agent
 * @throws WorkloadAccessTokenError when the request has no token, because it did not come through a gate
 */
export function fromGate(headers: RequestHeaders = {}): GateOptions {
  const token = header(headers, 'WorkloadAccessToken');
  if (!token) {
    throw new WorkloadAccessTokenError(
      'The request has no WorkloadAccessToken header. Invoke the agent through its gate, or use `workloadAccessTokens`.',
    );
  }
  return {
    workloadIdentityToken: staticWorkloadAccessToken(token),
    callbackUrl: header(headers, 'OAuth2CallbackUrl'),
  };
}
