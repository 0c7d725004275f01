/** Workload identities in the directory table. */
import * as v from 'valibot';
import type { WorkloadIdentity, WorkloadIdentityStore } from '../../domain/identity/workload-identity';
import { workloadIdentityKey } from './keys';
import { parseRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

const WorkloadIdentityRecord = v.object({
  name: v.string(),
  id: v.string(),
  arn: v.string(),
  owner: v.string(),
  allowedResourceOauth2ReturnUrls: v.array(v.string()),
  tags: v.record(v.string(), v.string()),
  createdTime: v.number(),
  lastUpdatedTime: v.number(),
});

/** @throws ValiError for a record that is not one: nothing is guessed */
export const parseWorkloadIdentity = (item: unknown): WorkloadIdentity | undefined =>
  parseRecord(WorkloadIdentityRecord, item);

export const createWorkloadIdentityStore = (directory: Table): WorkloadIdentityStore => ({
  get: async (name) => parseWorkloadIdentity(await directory.get(workloadIdentityKey(name))),
  create: (identity) => directory.put(workloadIdentityKey(identity.name), versioned(identity), ABSENT),
});
