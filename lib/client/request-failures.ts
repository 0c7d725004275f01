/** Requests to the service that get no response: what happened, in one sentence, and what to do. */
import {
  BedrockAgentCoreServiceException,
  type BedrockAgentCoreClient,
} from '@aws-sdk/client-bedrock-agentcore';
import { ConfigurationError, NoResponseError } from './errors';

/** Codes of Node.js for a connection that failed, or broke. */
const CONNECTION = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['EHOSTUNREACH', 'ENETUNREACH'],
]);

/** Returns the code of a connection that failed; undefined for another error. A host name can have several addresses. */
function connectionCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof BedrockAgentCoreServiceException) return undefined;
  const { code, name, errors } = error as Partial<AggregateError & NodeJS.ErrnoException>;
  if (code !== undefined && CONNECTION.has(code)) return code;
  if (name === 'TimeoutError') return name;
  return errors?.map(connectionCode).find((found) => found !== undefined);
}

const isCredentialsError = (error: unknown): boolean =>
  error instanceof Error &&
  (/^(CredentialsProviderError|TokenProviderError)$/.test(error.name) ||
    error.message === 'Could not load credentials from any providers');

/** Has the client throw the errors of this package if it has no credentials, or the service does not respond. */
export function explainFailures(client: BedrockAgentCoreClient, endpoint: URL): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        const code = connectionCode(error);
        if (code !== undefined) throw new NoResponseError(endpoint.origin, code, error);
        if (!isCredentialsError(error)) throw error;
        throw new ConfigurationError(
          endpoint.protocol === 'http:'
            ? 'There are no AWS credentials for the identity service. The service on this computer has its own credentials: run eval "$(agent-identity env)" in this terminal.'
            : 'There are no AWS credentials for the identity service. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with "aws sso login" and set AWS_PROFILE.',
          { cause: error },
        );
      }
    },
    { step: 'initialize', priority: 'high', name: 'explainFailures' },
  );
}
