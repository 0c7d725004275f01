/** A request that exceeds a limit of its gateway. The body of the response is that of AWS (AgentCore developer guide, "Rate limit enforcement"). */
import { requestOf } from '../gate/json-rpc';
import { ServiceError } from '../service-error';

/** JSON-RPC error of AWS. */
const RATE_LIMITED = -32003;

export interface ExceededLimit {
  /** ID of the rate limit, or the name of a limit of the deployment. */
  readonly limitKey: string;
  readonly metric: 'requests' | 'connections';
  /** Seconds. Undefined if the limit allows no request at all. */
  readonly retryAfter: number | undefined;
  /** Whether the caller speaks MCP. */
  readonly isMcp: boolean;
}

export class RateLimited extends ServiceError {
  constructor(private readonly exceeded: ExceededLimit) {
    const { limitKey, metric, retryAfter } = exceeded;
    const message =
      retryAfter === undefined
        ? 'A rate limit blocks this request.'
        : `Too many requests. Repeat the request in ${retryAfter} seconds.`;
    super('ThrottlingException', message, {
      detail: `limit exceeded: ${limitKey} (${metric})`,
      rateLimit: limitKey,
      retryAfter,
    });
  }

  /** Returns the body for a client of HTTP. */
  get body() {
    const { limitKey, metric, retryAfter } = this.exceeded;
    return { error: 'Rate limit exceeded', success: false, limitKey, metric, retryAfter };
  }

  /** Returns the response to a request of MCP; undefined for another one, which gets the body. */
  mcpResponse(payload: Uint8Array): object | undefined {
    const request = this.exceeded.isMcp ? requestOf(payload) : undefined;
    if (!request) return undefined;
    const { body } = this;
    return { jsonrpc: '2.0', id: request.id, error: { code: RATE_LIMITED, message: body.error, data: body } };
  }
}
