/** An agent at an https address. */
import type { Agent } from '../../domain/gate/agent-response';
import type { ConnectionPolicy } from './connection-policy';
import { forward } from './forward';

/** @param address URL of every request */
export const createHttpAgent = (address: string, policy: ConnectionPolicy): Agent => ({
  invoke({ method, headers, payload }, signal) {
    const body = method === 'POST' ? payload : undefined;
    return forward(new URL(address), { method, headers: { ...headers }, body, signal }, policy);
  },
});
