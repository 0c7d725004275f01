/** The AWS client, configured for this service. */
import { BedrockAgentCoreClient, type BedrockAgentCoreClientConfig } from '@aws-sdk/client-bedrock-agentcore';
import { parsedEndpoint, signedRegion, SIGNING_NAME } from './endpoint';
import { ConfigurationError } from './errors';
import { explainFailures } from './request-failures';
import { checkValue, objectWith } from './options';

const OPTIONS = objectWith([], `an object, such as { endpoint: 'https://identity.example' }`);

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

/**
 * Returns a client of the identity service: the AWS client, with endpoint, Region, and signing configured. Unless you
 * pass credentials, the AWS client finds them in the usual places.
 *
 * The client throws `NoResponseError` if the service does not respond, and `ConfigurationError` if there are no credentials.
 *
 * @throws ConfigurationError when endpoint or Region is missing, or the endpoint is not valid
 */
export function createIdentityClient(options: IdentityClientOptions = {}): BedrockAgentCoreClient {
  checkValue('createIdentityClient', 'options', options, OPTIONS);
  const { endpoint = process.env.AGENT_IDENTITY_ENDPOINT, region, ...configuration } = options;
  const url = parsedEndpoint(endpoint);
  const resolvedRegion = signedRegion(url, region, process.env);
  if (resolvedRegion === undefined) {
    throw new ConfigurationError(
      'The Region to sign requests for is not set. Pass `region`, or set AWS_REGION to the Region of the identity service.',
    );
  }
  const client = new BedrockAgentCoreClient({
    ...configuration,
    // With a slash at the end, the client would request `//identities/…`.
    endpoint: url.href.replace(/\/+$/, ''),
    region: resolvedRegion,
    ...{ signingName: SIGNING_NAME },
  });
  explainFailures(client, url);
  return client;
}
