/** Workload identities: the agents of the service. */
import * as v from 'valibot';
import { workloadName } from '../../model/names';
import { createdIdentity, updatedIdentity } from '../../model/workload-identity-request';
import {
  OWN,
  OWN_LISTED,
  PLAIN_TAGS,
  RETURN_URLS_IN_ASCII,
  REVOKES,
  SAFE_RETURN_URLS,
  SHREDS,
} from '../differences';
import { operations } from '../operation';
import type { ReferenceOf } from '../reference';
import { listing } from '../../model/request-values';

const named = v.strictObject({ name: workloadName });

export const workloadIdentity = operations('control-plane', '/identities', {
  CreateWorkloadIdentity: {
    status: 201,
    input: createdIdentity,
  },
  GetWorkloadIdentity: { input: named },
  UpdateWorkloadIdentity: { input: updatedIdentity },
  DeleteWorkloadIdentity: { status: 204, input: named },
  ListWorkloadIdentities: { input: listing(20) },
});

export const reference: ReferenceOf<typeof workloadIdentity> = {
  CreateWorkloadIdentity: {
    does: 'Creates a workload identity for an agent.',
    errors: ['ConflictException', 'ServiceQuotaExceededException'],
    differs: [OWN, SAFE_RETURN_URLS, RETURN_URLS_IN_ASCII, PLAIN_TAGS],
  },
  GetWorkloadIdentity: { does: 'Describes a workload identity.', errors: ['ResourceNotFoundException'] },
  UpdateWorkloadIdentity: {
    does: 'Changes the members that the request contains, and keeps the others.',
    errors: ['ResourceNotFoundException'],
    differs: [SAFE_RETURN_URLS, RETURN_URLS_IN_ASCII],
  },
  DeleteWorkloadIdentity: {
    does: 'Deletes a workload identity and all of its grants. The service rejects its workload access tokens from the next request on. Requests that are waiting for a provider fail. If the deletion was interrupted, call the operation again; until then, the name remains in use.',
    errors: ['ResourceNotFoundException'],
    differs: [SHREDS, REVOKES],
  },
  ListWorkloadIdentities: {
    does: 'Returns a page of workload identities, sorted by name.',
    differs: [OWN_LISTED],
  },
};
