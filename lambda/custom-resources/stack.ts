/**
 * The stack that the resource function belongs to, as the template states it in the function's environment.
 *
 * CloudFormation does not sign its requests, so a request proves nothing: every principal that may invoke the function
 * can write one. Where the service is, where the answer goes, what each credential provider is, and which secret belongs
 * to it is therefore taken from the deployment; a request that says otherwise is refused.
 */
import * as v from 'valibot';
import { parseConfiguration } from '../domain/configuration';
import { endpointFault, isLoopbackHttp, type EndpointPolicy } from '../domain/endpoint';
import { digestOf } from '../contract/resource-definition';
import { Refusal } from './deployed-resource';
import { RESOURCE_KINDS } from '../contract/resource-kinds';
import type { Request } from '../contract/resource-request';

const text = v.pipe(v.string(), v.nonEmpty());

/** Its digest; or the definition itself, where a part of it is known at deployment only. */
const DefinitionSchema = v.union([text, v.strictTuple([v.picklist(RESOURCE_KINDS), text, text])]);

/** The definition, then the id of the secret and the JSON key, where there are any. */
const ProviderSchema = v.pipe(v.tupleWithRest([DefinitionSchema], text), v.maxLength(3));

const StackSchema = v.strictObject({
  /** ARN of the stack. */
  stackId: v.pipe(v.string(), v.startsWith('arn:')),
  region: v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/, 'must be a Region')),
  /** Of the partition's host names, such as `amazonaws.com`. */
  urlSuffix: v.pipe(v.string(), v.regex(/^[a-z0-9.-]+$/, 'must be a domain name')),
  /** Addresses of the services that the stack's resources are made at, without a trailing slash. */
  endpoints: v.pipe(v.array(text), v.minLength(1)),
  /** The stack's credential providers, by logical id. */
  providers: v.record(v.string(), ProviderSchema),
});

type StackConfiguration = v.InferOutput<typeof StackSchema>;

export interface DeployedStack extends StackConfiguration {
  /** Whether this is local mode, in which the service and CloudFormation are on this very machine. */
  readonly policy: EndpointPolicy;
}

/**
 * @param json a JSON object, {@link StackConfiguration}
 * @param policy whether addresses on this very machine are let in
 * @throws Error in plain words, naming the member
 */
export function parseStack(json: string, policy: EndpointPolicy): DeployedStack {
  const stack = parseConfiguration(StackSchema, 'stack', 'an object like {"stackId":"arn:…",…}', json);
  for (const endpoint of stack.endpoints) {
    const fault = endpointFault(endpoint, policy);
    if (fault !== undefined) throw new Error(`stack: endpoints: ${fault}`);
  }
  return { ...stack, policy };
}

const escaped = (name: string): string => name.replaceAll('.', '\\.');

/**
 * The hosts by which S3 has CloudFormation's own bucket for answers in a Region: `….s3.{region}.…`, in older Regions
 * `….s3-{region}.…`, in the first one `….s3.amazonaws.com`; with the names of its FIPS and dual-stack endpoints.
 * Source: CloudFormation user guide, "Access CloudFormation using an interface endpoint", for the bucket;
 * Amazon S3 user guide, "Virtual hosting of general purpose buckets", for the hosts.
 */
const responseHosts = ({ region, urlSuffix }: StackConfiguration): RegExp =>
  new RegExp(
    `^cloudformation-custom-resource-response-${region.replaceAll('-', '')}` +
      `\\.s3(-fips)?([.-](dualstack\\.)?${region})?\\.${escaped(urlSuffix)}$`,
  );

/** Whether an answer may be sent there: over TLS to CloudFormation's own bucket in the stack's Region. */
export function isResponseUrl(stack: DeployedStack, text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (isLoopbackHttp(url)) return stack.policy.loopback;
  const { protocol, host, username, password } = url;
  // `host` has a port that is not https's own.
  return protocol === 'https:' && username === '' && password === '' && responseHosts(stack).test(host);
}

/** A request that names what was not given to the function: whoever wrote it, it is not as the stack was deployed. */
export class ForeignRequest extends Refusal {}

/**
 * @returns the endpoint, which is one of the stack's
 * @throws ForeignRequest
 */
export function endpointOf({ endpoints }: DeployedStack, requested: string): string {
  if (endpoints.includes(requested)) return requested;
  throw new ForeignRequest('The endpoint is not one of this stack. Deploy the stack as it was synthesized.');
}

/**
 * Where a resource is deleted. A service whose address has changed is still the one that the stack names last, and only
 * a resource that bears the stack's mark is deleted there.
 *
 * @throws ForeignRequest where more than one could be meant
 */
export function endpointOfDeletion(stack: DeployedStack, requested: string): string {
  const [only, ...others] = stack.endpoints;
  return only !== undefined && others.length === 0 ? only : endpointOf(stack, requested);
}

type Definer = Exclude<Request, { RequestType: 'Delete' }>;

const providerOf = ({ providers }: DeployedStack, logicalId: string) =>
  Object.hasOwn(providers, logicalId) ? providers[logicalId] : undefined;

/**
 * Makes sure that a credential provider becomes what the template says. Otherwise a request could have its secret kept
 * as an API key, which agents are shown, or sent to another authorization server. A workload identity has no secret.
 *
 * @throws ForeignRequest for another kind, name, configuration, or secret, and for a provider of no template
 */
export function checkProvider(stack: DeployedStack, request: Definer): void {
  const { ResourceType: type, LogicalResourceId, ResourceProperties } = request;
  const { name, configuration, secret } = ResourceProperties;
  const [definition, givenId, givenKey] = providerOf(stack, LogicalResourceId) ?? [];
  if (givenId !== secret?.secretId || givenKey !== secret?.jsonKey) {
    throw new ForeignRequest(
      'The secret was not given to this resource. Deploy the stack as it was synthesized.',
    );
  }
  if (type === 'Custom::AgentIdentityWorkloadIdentity') return;
  const stated = typeof definition === 'object' ? digestOf(definition) : definition;
  if (stated === digestOf([type, name, configuration])) return;
  throw new ForeignRequest(
    'The stack does not define this credential provider in this way. Deploy the stack as it was synthesized.',
  );
}

/** @throws ForeignRequest for a resource of another stack */
export function checkStack({ stackId }: DeployedStack, requested: string): void {
  if (requested === stackId) return;
  throw new ForeignRequest(
    'The resource belongs to another stack, and each stack has a function of its own.',
  );
}
