/** AWS's own client, set up for this service. */
import { BedrockAgentCoreClient, type BedrockAgentCoreClientConfig } from '@aws-sdk/client-bedrock-agentcore';
import { ConfigurationError } from './errors';

/** The client's own settings (credentials, retries, …), and where the service is. */
export interface IdentityClientOptions extends Omit<BedrockAgentCoreClientConfig, 'endpoint' | 'region'> {
  /**
   * Of the identity service, stage included.
   * @default the environment variable AGENT_IDENTITY_ENDPOINT
   */
  readonly endpoint?: string | undefined;
  /**
   * That requests are signed for.
   * @default the region in an execute-api endpoint, or else AWS_REGION or AWS_DEFAULT_REGION
   */
  readonly region?: string | undefined;
}

/** IAM authorization on API Gateway wants it in a signature's scope; AWS's client would sign for `bedrock-agentcore`. */
const SIGNING_NAME = 'execute-api';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const REGION_IN_HOST = /\.execute-api\.(?<region>[a-z0-9-]+)\.(amazonaws|on\.aws)/;

function parsedEndpoint(endpoint: string | undefined): URL {
  if (!endpoint) {
    throw new ConfigurationError(
      'No endpoint of the identity service. Give `endpoint`, or set AGENT_IDENTITY_ENDPOINT to what the stack printed.',
    );
  }
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  // Tokens go there: in the open they would be anybody's.
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (!url || !safe || url.search || url.hash || url.username || url.password) {
    throw new ConfigurationError(
      'The endpoint of the identity service must be an https URL (http on loopback), without credentials, query and fragment.',
    );
  }
  return url;
}

/**
 * A client of the identity service: AWS's, with endpoint, region and signing set up. Credentials are found as AWS's
 * clients find them, unless they are given.
 *
 * @throws ConfigurationError when endpoint or region is missing, or the endpoint cannot be one
 */
export function createIdentityClient({
  endpoint = process.env.AGENT_IDENTITY_ENDPOINT,
  region,
  ...configuration
}: IdentityClientOptions = {}): BedrockAgentCoreClient {
  const url = parsedEndpoint(endpoint);
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const inHost = REGION_IN_HOST.exec(url.hostname)?.groups?.region;
  // One that is set to nothing is not set.
  const settledRegion = [region, inHost, AWS_REGION, AWS_DEFAULT_REGION].find(Boolean);
  if (settledRegion === undefined) {
    throw new ConfigurationError(
      'No region to sign requests for. Give `region`, or set AWS_REGION to the one that the identity service is in.',
    );
  }
  return new BedrockAgentCoreClient({
    ...configuration,
    // With a slash at its end the client would ask for `//identities/…`.
    endpoint: url.href.replace(/\/+$/, ''),
    region: settledRegion,
    ...{ signingName: SIGNING_NAME },
  });
}
