/**
 * An agent endpoint's configuration, from the construct's props. The gate's own schema validates it at synthesis, and the
 * functions read it from their environment.
 */
import { Stack, Token, type Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { parseAgentEndpoint, type AgentEndpointConfiguration } from '../../lambda/domain/gate/agent-endpoint';
import { WorkloadIdentity } from '../resources/workload-identity';
import type { AgentEndpointProps } from './agent-endpoint-props';
import { checkedAt, mustBe } from './construct-error';
import type { VariableSource } from './function-environment';
import type { Inbound } from './inbound';
import { publicEndpointFault } from './public-endpoint';

/** The configuration in a template. Values that are known only at deployment are tokens. */
type Configuration = Omit<AgentEndpointConfiguration, 'inbound' | 'requestHeaderAllowlist'> & {
  readonly inbound: ReturnType<Inbound['_bind']>;
  readonly requestHeaderAllowlist: readonly string[];
};

/** The pattern of an agent runtime's name at AWS. */
const NAME = /^[a-zA-Z][a-zA-Z0-9_]{0,47}$/;

/** What determines the size of the functions' environment. */
export const CONFIGURATION_SOURCE: VariableSource = {
  setting: 'props of the endpoint',
  advice: 'State fewer clients, audiences, scopes, claims, certificates, or headers.',
};

/** The agent runtime of an endpoint, which AWS clients use to name the agent. */
class AgentRuntime {
  readonly name: string;
  /** The name and 10 letters and digits of the construct's address. So the id stays the same as long as the construct. */
  readonly id: string;
  readonly arn: string;
  /** The ARN as one path segment. Account, Region, and partition need no encoding. */
  readonly encodedArn: string;

  /**
   * @param given the stated name; undefined for a name from the construct's id
   * @throws Error for a name that AWS would not accept
   */
  constructor(endpoint: Construct, given: string | undefined) {
    const { node } = endpoint;
    this.name = given ?? node.id.replaceAll(/\W/g, '_');
    if (!NAME.test(this.name)) {
      throw new Error(
        `${node.path}: ${mustBe('agentRuntimeName', 'a letter, then up to 47 letters, digits, and _, known at synthesis', this.name)}`,
      );
    }
    this.id = `${this.name}-${node.addr.slice(-10)}`;
    const { partition, region, account } = Stack.of(endpoint);
    const written = (colon: string, slash: string): string =>
      ['arn', partition, 'bedrock-agentcore', region, account, `runtime${slash}${this.id}`].join(colon);
    this.arn = written(':', '/');
    this.encodedArn = written('%3A', '%2F');
  }
}

/**
 * Returns the URL to which consent returns users. The return URLs of an existing workload identity are unknown here.
 *
 * @throws Error for a return URL that the service would reject
 */
function resolveCallbackUrl(
  path: string,
  { oauth2CallbackUrl, workload }: AgentEndpointProps,
): string | undefined {
  if (!(workload instanceof WorkloadIdentity)) return oauth2CallbackUrl;
  const { allowedResourceOauth2ReturnUrls: allowed } = workload;
  const hasTokens = [oauth2CallbackUrl, ...allowed].some((url) => Token.isUnresolved(url));
  if (oauth2CallbackUrl === undefined || hasTokens || allowed.includes(oauth2CallbackUrl)) {
    return oauth2CallbackUrl ?? allowed[0];
  }
  throw new Error(
    `${path}: ${mustBe('oauth2CallbackUrl', "exactly one of the workload identity's allowedResourceOauth2ReturnUrls", oauth2CallbackUrl)}`,
  );
}

/** Returns the value, or the sample if the value is known only at deployment. */
const valueOr = (value: string, sample: string): string => (Token.isUnresolved(value) ? sample : value);

const SAMPLE_ACCOUNT = '123456789012';

function sampleOfInbound(inbound: Configuration['inbound']): object {
  if (inbound.kind === 'JWT') return inbound;
  const sample = `arn:aws:iam::${SAMPLE_ACCOUNT}:role/caller`;
  return { ...inbound, userIdPrincipals: inbound.userIdPrincipals.map((arn) => valueOr(arn, sample)) };
}

function sampleOfTarget(target: Configuration['target']): object {
  if (target.kind === 'url') return { ...target, url: valueOr(target.url, 'https://agent.example') };
  const sample = `arn:aws:lambda:eu-central-1:${SAMPLE_ACCOUNT}:function:agent`;
  return { ...target, functionArn: valueOr(target.functionArn, sample) };
}

/** Returns the configuration with a sample of the right form for each token. */
const sampleOf = (configuration: Configuration, { id }: AgentRuntime): object => ({
  ...configuration,
  agentRuntimeArn: `arn:aws:bedrock-agentcore:eu-central-1:${SAMPLE_ACCOUNT}:runtime/${id}`,
  workloadName: valueOr(configuration.workloadName, 'workload'),
  ...(configuration.oauth2CallbackUrl !== undefined && {
    oauth2CallbackUrl: valueOr(configuration.oauth2CallbackUrl, 'https://app.example/connected'),
  }),
  baseUrl: valueOr(configuration.baseUrl, 'https://0123456789.execute-api.eu-central-1.amazonaws.com/prod'),
  inbound: sampleOfInbound(configuration.inbound),
  target: sampleOfTarget(configuration.target),
});

/** @throws Error for an address that the gate cannot call from an account */
function checkAddresses(path: string, { inbound, target }: Configuration): void {
  const addresses = {
    'inbound.discoveryUrl': inbound.kind === 'JWT' ? inbound.discoveryUrl : undefined,
    'target.url': target.kind === 'url' ? target.url : undefined,
  };
  for (const [member, url] of Object.entries(addresses)) {
    const fault = url === undefined || Token.isUnresolved(url) ? undefined : publicEndpointFault(url);
    if (fault !== undefined) throw new Error(`${path}: ${member} ${fault}`);
  }
}

/**
 * Validates the configuration with the gate's own schema, before anything is deployed.
 *
 * @throws Error that names the member
 */
function validate(path: string, sample: object): AgentEndpointConfiguration {
  return checkedAt(path, () => parseAgentEndpoint(JSON.stringify(sample), { loopback: false }));
}

export interface EndpointConfiguration {
  readonly runtime: AgentRuntime;
  /** The validated configuration, with samples for values that are known only at deployment. */
  readonly validated: AgentEndpointConfiguration;
  /** Returns the configuration for the template of an endpoint with this address. */
  readonly at: (baseUrl: string) => Configuration;
}

/**
 * Returns the configuration of an endpoint.
 *
 * @param endpoint the construct
 * @throws Error for a configuration that cannot be deployed, or that would reject every call
 */
export function resolveConfiguration(
  endpoint: Construct,
  props: AgentEndpointProps & { readonly invocationTimeout: Duration },
): EndpointConfiguration {
  const { path } = endpoint.node;
  const runtime = new AgentRuntime(endpoint, props.agentRuntimeName);
  const oauth2CallbackUrl = resolveCallbackUrl(path, props);
  const at = (baseUrl: string): Configuration => ({
    agentRuntimeArn: runtime.arn,
    workloadName: props.workload.workloadIdentityName,
    baseUrl,
    protocol: props.protocol ?? 'HTTP',
    inbound: props.inbound._bind(endpoint),
    target: props.target._configuration,
    requestHeaderAllowlist: props.requestHeaderAllowlist ?? [],
    ...(props.allowedOrigins && { allowedOrigins: props.allowedOrigins }),
    ...(oauth2CallbackUrl !== undefined && { oauth2CallbackUrl }),
    invocationTimeout: props.invocationTimeout.toSeconds(),
  });
  const { domainName = 'endpoint.example' } = props.domain ?? {};
  const configuration = at(`https://${domainName}`);
  checkAddresses(path, configuration);
  return { runtime, validated: validate(path, sampleOf(configuration, runtime)), at };
}
