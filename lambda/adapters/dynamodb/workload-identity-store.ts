/** Workload identities in the directory table. */
import * as v from 'valibot';
import { AuthorizerConfigurationSchema } from '../../domain/identity/trusted-issuer';
import type { WorkloadIdentity, WorkloadIdentityStore } from '../../domain/identity/workload-identity';
import { PREFIX, workloadIdentityKey } from '../../contract/table-keys';
import { OwnedResourceSchema } from '../../model/records/owned-resource';
import { createOwnedResourceStore, parseOwnedResource } from './owned-resource-store';
import type { Table } from './table';

const WorkloadIdentityRecord = v.object({
  ...OwnedResourceSchema.entries,
  allowedResourceOauth2ReturnUrls: v.array(v.string()),
  authorizerConfiguration: v.exactOptional(AuthorizerConfigurationSchema),
});

/** Returns undefined for a record that is marked as deleted. @throws ValiError for a malformed record */
export const parseWorkloadIdentity = (item: unknown): WorkloadIdentity | undefined =>
  parseOwnedResource(WorkloadIdentityRecord, item);

export const createWorkloadIdentityStore = (directory: Table): WorkloadIdentityStore =>
  createOwnedResourceStore<WorkloadIdentity>(directory, {
    kind: PREFIX.workloadIdentity,
    keyOf: workloadIdentityKey,
    schema: WorkloadIdentityRecord,
  });
