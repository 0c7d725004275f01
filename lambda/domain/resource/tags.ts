/** Tags of workload identities and credential providers. */
import type { System } from '../system';
import { audited, type AuditTrail } from '../audit';
import type { Caller } from '../principal';
import { changeResource } from '../resource-write';
import { checkTrustChange } from '../identity/trusted-provider-owner';
import { locateResource, type ResourceStores } from './resource-arn';
import { ServiceError } from '../service-error';

/** Maximum tags of a resource, as in AWS. */
const MAX_TAGS = 50;

export interface TagDependencies extends ResourceStores {
  readonly audit: AuditTrail;
  readonly system: System;
  readonly arnPrefix: string;
}

type Tags = Readonly<Record<string, string>>;

interface TagChange {
  readonly operation: 'TagResource' | 'UntagResource';
  readonly principal: Caller;
  readonly resourceArn: string;
  readonly change: (tags: Tags) => Tags;
}

function changeTags(
  deps: TagDependencies,
  { operation, principal, resourceArn, change }: TagChange,
): Promise<void> {
  return audited(deps.audit, { operation, principal }, async (annotate, call) => {
    annotate({ resource: resourceArn });
    const { store, resource } = await locateResource(deps, call, resourceArn);
    const tags = change(resource.tags);
    checkTrustChange(resource, tags, principal);
    if (Object.keys(tags).length > MAX_TAGS) {
      throw new ServiceError(
        'ServiceQuotaExceededException',
        `A resource can have up to ${MAX_TAGS} tags. Remove some first.`,
      );
    }
    await changeResource(store, deps.system, resource, { tags });
  });
}

/**
 * Adds tags, and replaces tags with the same key.
 *
 * @throws ServiceQuotaExceededException over 50, ResourceNotFoundException; AccessDeniedException, also for another
 *   principal than the owner that would change whom the resource trusts
 */
export const tagResource = (
  deps: TagDependencies,
  principal: Caller,
  arn: string,
  tags: Tags,
): Promise<void> =>
  changeTags(deps, {
    operation: 'TagResource',
    principal,
    resourceArn: arn,
    change: (present) => ({ ...present, ...tags }),
  });

/** Removes tags, and ignores unknown keys. @throws ResourceNotFoundException, AccessDeniedException */
export const untagResource = (
  deps: TagDependencies,
  principal: Caller,
  arn: string,
  keys: readonly string[],
): Promise<void> =>
  changeTags(deps, {
    operation: 'UntagResource',
    principal,
    resourceArn: arn,
    change: (present) => Object.fromEntries(Object.entries(present).filter(([key]) => !keys.includes(key))),
  });

/**
 * Returns the tags of a resource.
 *
 * @throws ResourceNotFoundException, AccessDeniedException
 */
export function listTags(deps: TagDependencies, principal: Caller, arn: string): Promise<Tags> {
  return audited(deps.audit, { operation: 'ListTagsForResource', principal }, async (annotate, call) => {
    annotate({ resource: arn });
    const { resource } = await locateResource(deps, call, arn);
    return resource.tags;
  });
}
