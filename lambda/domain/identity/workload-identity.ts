/** Workload identities: what an agent is, and who owns it. */
import type { Ambient } from '../ambient';
import { epochSeconds } from '../ambient';
import { audited, type AuditTrail } from '../audit';
import { mayManage } from '../policy/ownership';
import { invalidMember, ServiceError } from '../service-error';

export interface WorkloadIdentity {
  readonly name: string;
  /** Unique for ever: a name that is deleted and created again does not inherit what the first one held. */
  readonly id: string;
  readonly arn: string;
  /** The IAM principal that created it. */
  readonly owner: string;
  readonly allowedResourceOauth2ReturnUrls: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  /** Epoch seconds. */
  readonly createdTime: number;
  readonly lastUpdatedTime: number;
}

/** Where workload identities are kept. */
export interface WorkloadIdentityStore {
  get(name: string): Promise<WorkloadIdentity | undefined>;
  /** @returns false when the name is taken; then nothing was written */
  create(identity: WorkloadIdentity): Promise<boolean>;
}

export const workloadIdentityArn = (arnPrefix: string, name: string): string =>
  `${arnPrefix}:workload-identity-directory/default/workload-identity/${name}`;

/**
 * Schemes that a browser would run or read rather than leave for. A return URL becomes a link on the page
 * that a person sees when consent fails.
 */
const UNSAFE_SCHEMES = new Set(['javascript', 'data', 'vbscript', 'file', 'blob', 'about', 'view-source']);

function checkReturnUrls(urls: readonly string[]): void {
  for (const [index, url] of urls.entries()) {
    const scheme = url.slice(0, url.indexOf(':')).toLowerCase();
    if (UNSAFE_SCHEMES.has(scheme)) {
      throw invalidMember(
        `allowedResourceOauth2ReturnUrls.${index}`,
        `the scheme "${scheme}" cannot be returned to`,
      );
    }
  }
}

export interface WorkloadIdentityPorts {
  readonly identities: WorkloadIdentityStore;
  readonly audit: AuditTrail;
  readonly ambient: Ambient;
  readonly arnPrefix: string;
}

export interface CreateWorkloadIdentityInput {
  readonly name: string;
  readonly allowedResourceOauth2ReturnUrls?: readonly string[] | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/**
 * Creates a workload identity owned by the caller.
 *
 * @param principal ARN of the calling IAM principal
 * @throws ConflictException when the name is taken, ValidationException for a return URL that is unsafe
 */
export function createWorkloadIdentity(
  ports: WorkloadIdentityPorts,
  principal: string,
  input: CreateWorkloadIdentityInput,
): Promise<WorkloadIdentity> {
  return audited(ports.audit, 'CreateWorkloadIdentity', principal, async (note) => {
    const arn = workloadIdentityArn(ports.arnPrefix, input.name);
    note({ workloadIdentity: arn });
    const urls = input.allowedResourceOauth2ReturnUrls ?? [];
    checkReturnUrls(urls);
    const now = epochSeconds(ports.ambient);
    const identity: WorkloadIdentity = {
      name: input.name,
      id: ports.ambient.randomUUID(),
      arn,
      owner: principal,
      allowedResourceOauth2ReturnUrls: urls,
      tags: input.tags ?? {},
      createdTime: now,
      lastUpdatedTime: now,
    };
    if (!(await ports.identities.create(identity))) {
      throw new ServiceError(
        'ConflictException',
        `A workload identity named "${input.name}" already exists.`,
      );
    }
    return identity;
  });
}

/** @throws ResourceNotFoundException when there is none */
export async function findWorkloadIdentity(
  identities: Pick<WorkloadIdentityStore, 'get'>,
  name: string,
): Promise<WorkloadIdentity> {
  const identity = await identities.get(name);
  if (!identity)
    throw new ServiceError('ResourceNotFoundException', `There is no workload identity named "${name}".`);
  return identity;
}

/**
 * @param principal ARN of the calling IAM principal
 * @throws ResourceNotFoundException when there is none, AccessDeniedException for another principal's
 */
export function getWorkloadIdentity(
  ports: WorkloadIdentityPorts,
  principal: string,
  name: string,
): Promise<WorkloadIdentity> {
  return audited(ports.audit, 'GetWorkloadIdentity', principal, async (note) => {
    note({ workloadIdentity: workloadIdentityArn(ports.arnPrefix, name) });
    const identity = await findWorkloadIdentity(ports.identities, name);
    mayManage(principal, identity);
    return identity;
  });
}
