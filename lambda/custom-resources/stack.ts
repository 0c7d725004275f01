/**
 * The stack that the resource function belongs to, which the template states in the function's environment.
 *
 * CloudFormation does not sign its requests, so a request proves nothing: every principal that can invoke the function
 * can forge one. The deployment therefore states where the service is, where responses go, what each credential provider
 * is, and which secret belongs to it. A request that says otherwise is refused.
 */
import * as v from 'valibot';
import { parseConfiguration } from '../domain/configuration';
import { endpointFault, isLoopbackHttp, type EndpointPolicy } from '../model/endpoint';
import { digestOf } from '../model/custom-resources/definition';
import { Refusal } from './deployed-resource';
import { CUSTOM_RESOURCE_TYPES } from '../model/custom-resources/types';
import type { Request } from '../model/custom-resources/request';

const text = v.pipe(v.string(), v.nonEmpty());

/** The digest of a definition, or the definition itself if a part of it is known only at deployment. */
const DefinitionSchema = v.union([text, v.strictTuple([v.picklist(CUSTOM_RESOURCE_TYPES), text, text])]);

/** The definition, then the id of the secret and the JSON key, where there are any. */
const ProviderSchema = v.pipe(v.tupleWithRest([DefinitionSchema], text), v.maxLength(3));

const StackSchema = v.strictObject({
  /** ARN of the stack. */
  stackId: v.pipe(v.string(), v.startsWith('arn:')),
  region: v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/, 'must be a Region')),
  /** Of the partition's host names, such as `amazonaws.com`. */
  urlSuffix: v.pipe(v.string(), v.regex(/^[a-z0-9.-]+$/, 'must be a domain name')),
  /** Addresses of the services that hold the stack's resources, without a trailing slash. */
  endpoints: v.pipe(v.array(text), v.minLength(1)),
  /** The stack's credential providers, gateways, and consent portals, by logical id. */
  providers: v.record(v.string(), ProviderSchema),
});

type StackConfiguration = v.InferOutput<typeof StackSchema>;

export interface DeployedStack extends StackConfiguration {
  /** Whether this is local mode, in which the service and CloudFormation run on this machine. */
  readonly policy: EndpointPolicy;
}

/**
 * @param json a JSON object, {@link StackConfiguration}
 * @param policy whether addresses on this machine are allowed
 * @throws Error that names the member and what is wrong with it
 */
export function parseStack(json: string, policy: EndpointPolicy): DeployedStack {
  const stack = parseConfiguration(StackSchema, 'stack', 'an object like {"stackId":"arn:…",…}', json);
  for (const endpoint of stack.endpoints) {
    const fault = endpointFault(endpoint, policy);
    if (fault !== undefined) throw new Error(`stack.endpoints ${fault}`);
  }
  return { ...stack, policy };
}

const escaped = (name: string): string => name.replaceAll('.', '\\.');

/**
 * The S3 host names of CloudFormation's response bucket in a Region: `….s3.{region}.…`, in older Regions
 * `….s3-{region}.…`, in the first Region `….s3.amazonaws.com`, and the names of its FIPS and dual-stack endpoints.
 * Source: CloudFormation user guide, "Access CloudFormation using an interface endpoint", for the bucket;
 * Amazon S3 user guide, "Virtual hosting of general purpose buckets", for the hosts.
 */
const responseHosts = ({ region, urlSuffix }: Pick<StackConfiguration, 'region' | 'urlSuffix'>): RegExp =>
  new RegExp(
    `^cloudformation-custom-resource-response-${region.replaceAll('-', '')}` +
      `\\.s3(-fips)?([.-](dualstack\\.)?${region})?\\.${escaped(urlSuffix)}$`,
  );

/** The message for a request whose response would go elsewhere. */
export const NOT_CLOUDFORMATION = 'The response URL does not belong to CloudFormation. Nothing was changed.';

/** Whether a response can go there: over TLS to CloudFormation's own bucket in the stack's Region. */
export function isResponseUrl(
  stack: Pick<DeployedStack, 'region' | 'urlSuffix' | 'policy'>,
  text: string,
): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (isLoopbackHttp(url)) return stack.policy.loopback;
  const { protocol, host, username, password } = url;
  // `host` includes a port unless it is 443.
  return protocol === 'https:' && username === '' && password === '' && responseHosts(stack).test(host);
}

/** The error for a request that differs from the deployed stack. */
export class ForeignRequest extends Refusal {}

/**
 * @returns the endpoint, if it is one of the stack's
 * @throws ForeignRequest
 */
export function endpointOf({ endpoints }: DeployedStack, requested: string): string {
  if (endpoints.includes(requested)) return requested;
  throw new ForeignRequest(
    'The endpoint does not belong to this stack. Deploy the stack as it was synthesized.',
  );
}

/**
 * Returns the endpoint to delete a resource at. If the service's address has changed, that is the stack's current
 * endpoint, where only a resource with the stack's mark is deleted.
 *
 * @throws ForeignRequest if the stack has several endpoints and the request names none of them
 */
export function endpointOfDeletion(stack: DeployedStack, requested: string): string {
  const [only, ...others] = stack.endpoints;
  return only !== undefined && others.length === 0 ? only : endpointOf(stack, requested);
}

type Definer = Exclude<Request, { RequestType: 'Delete' }>;

const providerOf = ({ providers }: DeployedStack, logicalId: string) =>
  Object.hasOwn(providers, logicalId) ? providers[logicalId] : undefined;

/**
 * Makes sure that a credential provider, a gateway, or a consent portal matches the template. Otherwise, a request could have a
 * secret stored as an API key, which agents can read, or sent to another authorization server; or it could have users
 * sign in elsewhere, and connect accounts on the rights of the stack; or it could have a gateway send credentials to
 * another server. A workload identity has no secret, and does
 * nothing by itself.
 *
 * @throws ForeignRequest for another type, name, configuration, or secret, and for a resource that is not in the template
 */
export function checkProvider(stack: DeployedStack, request: Definer): void {
  const { ResourceType: type, LogicalResourceId, ResourceProperties } = request;
  const { name, configuration, secret } = ResourceProperties;
  const [definition, givenId, givenKey] = providerOf(stack, LogicalResourceId) ?? [];
  if (givenId !== secret?.secretId || givenKey !== secret?.jsonKey) {
    throw new ForeignRequest(
      'The secret does not belong to this resource. Deploy the stack as it was synthesized.',
    );
  }
  if (type === 'Custom::AgentIdentityWorkloadIdentity') return;
  const stated = typeof definition === 'object' ? digestOf(definition) : definition;
  if (stated === digestOf([type, name, configuration])) return;
  throw new ForeignRequest(
    'The stack does not define this resource in this way. Deploy the stack as it was synthesized.',
  );
}

/** @throws ForeignRequest for a resource of another stack */
export function checkStack({ stackId }: DeployedStack, requested: string): void {
  if (requested === stackId) return;
  throw new ForeignRequest('The resource belongs to another stack. Each stack has its own function.');
}
