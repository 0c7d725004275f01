/**
 * Who may do what. A workload identity and a credential provider belong to the IAM principal that created
 * them: that principal alone acts on a workload identity, and a workload identity uses the providers of the
 * same owner. Checked on each request, whatever was checked before.
 */
import { accessDenied } from '../service-error';

interface Owned {
  readonly arn: string;
  readonly owner: string;
}

/**
 * @param principal the calling IAM principal's ARN
 * @throws AccessDeniedException unless the caller owns the resource
 */
export function mayManage(principal: string, resource: Owned): void {
  if (resource.owner === principal) return;
  throw accessDenied(
    `${principal} may not use ${resource.arn}: it belongs to another principal.`,
    `caller is not the owner of ${resource.arn}`,
  );
}

/** Whether this workload identity may obtain credentials of this provider. */
export const mayObtain = (identity: Owned, provider: Owned): boolean => identity.owner === provider.owner;
