/** The address of the identity service, and the Region and name that requests are signed for. */
import { ConfigurationError } from './errors';

/** IAM authorization on API Gateway requires this service name; the AWS client would sign for `bedrock-agentcore`. */
export const SIGNING_NAME = 'execute-api';

/** Host names of this computer. Exceptions from a proxy (NO_PROXY) can name these, but not the network 127.0.0.0/8. */
export const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;
const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;
/** The path of an invocation, after the base URL of a gate. */
const INVOCATION_PATH = /\/runtimes(\/.*)?$/;
const REGION_IN_HOST = /\.execute-api\.(?<region>[a-z0-9-]+)\.(amazonaws|on\.aws)/;

/** Whether tokens can be sent to this URL. */
export const isSecure = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));

/**
 * Returns the URL of the service.
 *
 * @throws ConfigurationError when it is missing or not valid
 */
export function parsedEndpoint(endpoint: string | undefined): URL {
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
  if (url) checkBasePath(url);
  // Tokens are sent here, so require https.
  if (!url || !isSecure(url) || url.search || url.hash || url.username || url.password) {
    throw new ConfigurationError(
      'The endpoint of the identity service must be an https URL, or an http URL on loopback, without credentials, query, or fragment.',
    );
  }
  return url;
}

/**
 * AWS clients append the path of each operation to the endpoint.
 *
 * @throws ConfigurationError for the URL that invokes an agent in place of its base
 */
export function checkBasePath({ origin, pathname }: URL): void {
  if (!INVOCATION_PATH.test(pathname)) return;
  throw new ConfigurationError(
    `The endpoint is the URL that invokes an agent. Pass the part before /runtimes/: ${origin}${pathname.replace(INVOCATION_PATH, '')}`,
  );
}

/** Returns the Region that requests are signed for: the stated one, the one in an execute-api endpoint, or AWS_REGION. */
export function signedRegion(
  endpoint: URL,
  stated: string | undefined,
  { AWS_REGION, AWS_DEFAULT_REGION }: Readonly<Partial<Record<string, string>>>,
): string | undefined {
  const inHost = REGION_IN_HOST.exec(endpoint.hostname)?.groups?.region;
  // An empty value counts as not set.
  return [stated, inHost, AWS_REGION, AWS_DEFAULT_REGION].find(Boolean);
}
