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
}

export class RateLimited extends ServiceError {
  /** @param isMcp whether the caller speaks MCP */
  constructor(
    private readonly exceeded: ExceededLimit,
    private readonly isMcp: boolean,
  ) {
    const { limitKey, metric, retryAfter } = exceeded;
    super('ThrottlingException', 'Too many requests.', {
      detail: `too many ${metric}`,
      rateLimit: limitKey,
      retryAfter,
    });
  }

  /** Returns the body for a client of HTTP. */
  get body() {
    return { error: 'Rate limit exceeded', success: false, ...this.exceeded };
  }

  /** Returns the response to a request of MCP; undefined for another one, which gets the body. */
  mcpResponse(payload: Uint8Array): object | undefined {
    const request = this.isMcp ? requestOf(payload) : undefined;
    if (!request) return undefined;
    const { body } = this;
    return { jsonrpc: '2.0', id: request.id, error: { code: RATE_LIMITED, message: body.error, data: body } };
  }
}
