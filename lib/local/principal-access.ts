/**
 * What the local principals can do at an AWS service of the embedded cloud, where they create the keys, secrets, and
 * objects of credential providers. It takes the place of IAM. The operator manages every resource except those of the
 * embedded cloud itself. Any other principal of the account manages the resources whose tag names it as the owner. No
 * principal signs, decrypts, or reads a secret value or an object: only the functions do.
 */
import { principalOf } from '../../lambda/domain/principal';
import { CERTIFICATES_OWNER } from '../../lambda/domain/private-authorities';
import { OWNER_TAG } from '../../lambda/domain/ownership';
import { isLocal, type Principal, type Principals } from './principals';

/** A resource that a request names. */
export interface ManagedResource {
  readonly tags: Readonly<Record<string, string>>;
  /** Whether it belongs to the embedded cloud, as the key that encrypts its vault does. */
  readonly internal: boolean;
}

export interface PrincipalAccess {
  readonly principals: Principals;
  /** Name of the service in the scope of a signature and in permissions. */
  readonly service: 'kms' | 's3' | 'secretsmanager';
  /** Operations that principals can call, by their names in the API. */
  readonly operations: ReadonlySet<string>;
  /** Returns the resource that the request names, or undefined when it names none that exists. */
  readonly resourceOf: (input: unknown) => ManagedResource | undefined;
}

/** Returns whether the caller is allowed to call the operation with this input. */
export function isAllowed(
  { principals, operations, resourceOf }: PrincipalAccess,
  caller: Principal,
  operation: string,
  input: unknown,
): boolean {
  if (!operations.has(operation) || !isLocal(caller)) return false;
  const resource = resourceOf(input);
  // A request without an existing resource either creates one or fails later.
  if (!resource) return true;
  if (resource.internal) return false;
  const owner = resource.tags[OWNER_TAG];
  const arn = principalOf(caller.arn);
  return caller.arn === principals.operator.arn || owner === arn || owner === CERTIFICATES_OWNER + arn;
}
