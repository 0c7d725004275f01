/** The AWS client, configured for this service. */
import { BedrockAgentCoreClient, type BedrockAgentCoreClientConfig } from '@aws-sdk/client-bedrock-agentcore';
import { ConfigurationError } from './errors';

/** The settings of the AWS client (credentials, retries, …), and the address of the service. */
export interface IdentityClientOptions extends Omit<BedrockAgentCoreClientConfig, 'endpoint' | 'region'> {
  /**
   * URL of the identity service, including the stage.
   * @default the environment variable AGENT_IDENTITY_ENDPOINT
   */
  readonly endpoint?: string | undefined;
  /**
   * Region that requests are signed for.
   * @default the Region in an execute-api endpoint; otherwise AWS_REGION or AWS_DEFAULT_REGION
   */
  readonly region?: string | undefined;
}

/** IAM authorization on API Gateway requires this service name; the AWS client would sign for `bedrock-agentcore`. */
const SIGNING_NAME = 'execute-api';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;
const REGION_IN_HOST = /\.execute-api\.(?<region>[a-z0-9-]+)\.(amazonaws|on\.aws)/;

function parsedEndpoint(endpoint: string | undefined): URL {
  if (!endpoint) {
    throw new ConfigurationError(
      'The endpoint of the identity service is not set. Pass `endpoint`, or set AGENT_IDENTITY_ENDPOINT to the endpoint that the stack printed or that agent-identity local printed.',
    );
  }
  // Most URL parsers take `localhost:8080` for a URL with the scheme `localhost`.
  if (!SCHEME.test(endpoint)) {
    throw new ConfigurationError(
      'The endpoint of the identity service must begin with https://, or with http:// if it is on loopback.',
    );
  }
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  // Tokens are sent here, so require https.
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (!url || !safe || url.search || url.hash || url.username || url.password) {
    throw new ConfigurationError(
      'The endpoint of the identity service must be an https URL, or an http URL on loopback, without credentials, query, or fragment.',
    );
  }
  return url;
}

/**
 * Returns a client of the identity service: the AWS client, with endpoint, Region, and signing configured. Unless you
 * pass credentials, the AWS client finds them in the usual places.
 *
 * @throws ConfigurationError when endpoint or Region is missing, or the endpoint is not valid
 */
export function createIdentityClient({
  endpoint = process.env.AGENT_IDENTITY_ENDPOINT,
  region,
  ...configuration
}: IdentityClientOptions = {}): BedrockAgentCoreClient {
  const url = parsedEndpoint(endpoint);
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const inHost = REGION_IN_HOST.exec(url.hostname)?.groups?.region;
  // An empty value counts as not set.
  const resolvedRegion = [region, inHost, AWS_REGION, AWS_DEFAULT_REGION].find(Boolean);
  if (resolvedRegion === undefined) {
    throw new ConfigurationError(
      'The Region to sign requests for is not set. Pass `region`, or set AWS_REGION to the Region of the identity service.',
    );
  }
  return new BedrockAgentCoreClient({
    ...configuration,
    // With a slash at the end, the client would request `//identities/…`.
    endpoint: url.href.replace(/\/+$/, ''),
    region: resolvedRegion,
    ...{ signingName: SIGNING_NAME },
  });
}
