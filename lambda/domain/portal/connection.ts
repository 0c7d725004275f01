/** A row of a portal, as the person sees it. */
import type { Named } from '../display-name';

export type ConnectionStatus =
  | 'NOT_CONNECTED'
  | 'CONNECTED'
  /** The agent's access ended, or the provider refused it. The person can connect again. */
  | 'NEEDS_CONSENT'
  /** The provider failed, and the service tries again later. */
  | 'UNAVAILABLE'
  /** The record of the grant is not valid, so the agent cannot use it. Only the operator can help. */
  | 'UNREADABLE';

export interface Connection {
  readonly key: string;
  readonly provider: Named;
  readonly scopes: readonly string[];
  /** Number of further scopes, for which the page has no room. */
  readonly scopesNotShown?: number;
  /** Some of the resource servers that the tokens are for, if the agent named any: they tell its connections apart. */
  readonly servers: readonly string[];
  readonly purpose?: string;
  readonly status: ConnectionStatus;
  /** Epoch seconds at which the person gave the access. */
  readonly connectedAt?: number;
  /** `YYYY-MM-DD`, UTC. */
  readonly lastUsedDate?: string;
  readonly canConnect: boolean;
  readonly canDisconnect: boolean;
}
