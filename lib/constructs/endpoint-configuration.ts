/**
 * An agent endpoint's configuration, from the construct's props: checked by the gate's own schema when the app is
 * synthesized, and told to the functions.
 */
import { Stack, Token, type Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { parseAgentEndpoint, type AgentEndpointConfiguration } from '../../lambda/contract/configuration';
import type { AgentEndpointProps } from './agent-endpoint';
import type { Inbound } from './inbound';

/** As it is written into a template: with what is known at deployment only as tokens. */
type Configuration = Omit<AgentEndpointConfiguration, 'inbound' | 'requestHeaderAllowlist'> & {
  readonly inbound: ReturnType<Inbound['bind']>;
  readonly requestHeaderAllowlist: readonly string[];
};

/** AWS's pattern of an agent runtime's name. */
const NAME = /^[a-zA-Z][a-zA-Z0-9_]{0,47}$/;

/**
 * Bytes of the configuration. Lambda has 4096 for all variables of a function (developer guide, "Lambda quotas"); the
 * rest is for the others, and for what is longer when it is deployed.
 */
const MOST_BYTES = 3072;

/** The agent runtime of an endpoint: what AWS's clients name it by. */
export class AgentRuntime {
  readonly name: string;
  /** Its name and ten letters and digits of the construct's own, so that it stays as long as the construct does. */
  readonly id: string;
  readonly arn: string;
  /** The ARN as one segment of a path; account, Region and partition have nothing to encode. */
  readonly encodedArn: string;

  /** @throws Error in plain words for a name that AWS would not take */
  constructor(endpoint: Construct, given: string | undefined) {
    const { node } = endpoint;
    this.name = given ?? node.id.replaceAll(/\W/g, '_');
    if (!NAME.test(this.name)) {
      throw new Error(
        `${node.path}: agentRuntimeName: must be a letter, then up to 47 letters, digits and _, known when the app is synthesized`,
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

/** @throws Error in plain words for a return URL that the service would refuse each time */
function callbackUrl(path: string, { oauth2CallbackUrl, workload }: AgentEndpointProps): string | undefined {
  const { allowedResourceOauth2ReturnUrls: allowed } = workload;
  const undecided = [oauth2CallbackUrl, ...allowed].some((url) => Token.isUnresolved(url));
  if (oauth2CallbackUrl === undefined || undecided || allowed.includes(oauth2CallbackUrl)) {
    return oauth2CallbackUrl ?? allowed[0];
  }
  throw new Error(
    `${path}: oauth2CallbackUrl: must be one of the workload identity's allowedResourceOauth2ReturnUrls, to the letter`,
  );
}

/** The value, or what stands for it while it is known at deployment only. */
const known = (value: string, sample: string): string => (Token.isUnresolved(value) ? sample : value);

const SAMPLE_ACCOUNT = '123456789012';

function sampleOfInbound(inbound: Configuration['inbound']): object {
  if (inbound.kind === 'JWT') return inbound;
  const sample = `arn:aws:iam::${SAMPLE_ACCOUNT}:role/caller`;
  return { ...inbound, userIdPrincipals: inbound.userIdPrincipals.map((arn) => known(arn, sample)) };
}

function sampleOfTarget(target: Configuration['target']): object {
  if (target.kind === 'url') return { ...target, url: known(target.url, 'https://agent.example') };
  const sample = `arn:aws:lambda:eu-central-1:${SAMPLE_ACCOUNT}:function:agent`;
  return { ...target, functionArn: known(target.functionArn, sample) };
}

/** The configuration as it might be deployed, with something of the right form for each token in it. */
const sampleOf = (configuration: Configuration, { id }: AgentRuntime): object => ({
  ...configuration,
  agentRuntimeArn: `arn:aws:bedrock-agentcore:eu-central-1:${SAMPLE_ACCOUNT}:runtime/${id}`,
  workloadName: known(configuration.workloadName, 'workload'),
  baseUrl: known(configuration.baseUrl, 'https://0123456789.execute-api.eu-central-1.amazonaws.com/prod'),
  inbound: sampleOfInbound(configuration.inbound),
  target: sampleOfTarget(configuration.target),
});

/**
 * The gate's own schema has the last word on what was stated, before anything is deployed.
 *
 * @throws Error in plain words
 */
function check(path: string, sample: object): AgentEndpointConfiguration {
  const json = JSON.stringify(sample);
  const bytes = Buffer.byteLength(json);
  if (bytes > MOST_BYTES) {
    throw new Error(
      `${path}: the configuration has ${bytes} bytes and may have ${MOST_BYTES}: name fewer clients, audiences, scopes, claims or headers`,
    );
  }
  try {
    return parseAgentEndpoint(json, { loopback: false });
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : 'cannot be read'}`, {
      cause: error,
    });
  }
}

export interface EndpointConfiguration {
  readonly runtime: AgentRuntime;
  /** As the functions will read it, with samples for what is known at deployment only. */
  readonly checked: AgentEndpointConfiguration;
  /** As it is written into the template, for an endpoint of this address. */
  readonly at: (baseUrl: string) => Configuration;
}

/**
 * @param endpoint the construct
 * @param invocationTimeout how long a run may take
 * @throws Error in plain words for what would not be deployed, or would refuse every call
 */
export function settleConfiguration(
  endpoint: Construct,
  props: AgentEndpointProps,
  invocationTimeout: Duration,
): EndpointConfiguration {
  const { path } = endpoint.node;
  const runtime = new AgentRuntime(endpoint, props.agentRuntimeName);
  const oauth2CallbackUrl = callbackUrl(path, props);
  const at = (baseUrl: string): Configuration => ({
    agentRuntimeArn: runtime.arn,
    workloadName: props.workload.workloadIdentityName,
    baseUrl,
    protocol: props.protocol ?? 'HTTP',
    inbound: props.inbound.bind(endpoint),
    target: props.target.configuration,
    requestHeaderAllowlist: props.requestHeaderAllowlist ?? [],
    ...(oauth2CallbackUrl !== undefined && { oauth2CallbackUrl }),
    runSeconds: invocationTimeout.toSeconds(),
  });
  const { domainName = 'endpoint.example' } = props.domain ?? {};
  return { runtime, checked: check(path, sampleOf(at(`https://${domainName}`), runtime)), at };
}
