/** Reads a policy engine with its policies, in one round trip. */
import { nameInEngineId } from '../../domain/gateway/manage/policy-engine';
import type { PolicyReader } from '../../domain/gateway/policy-decision';
import { EnginePoliciesSchema, PolicyEngineSchema } from '../../model/records/policy-engine';
import { enginePoliciesKey, policyEngineKey } from '../../model/table-keys';
import { batchGet } from './batch-get';
import type { DynamoDb } from './client';
import { parseOwnedResource } from './owned-resource-store';
import { parseRecord } from './record';

/** @param table name of the directory table */
export const createPolicyReader = (client: DynamoDb, table: string): PolicyReader => ({
  async engine(engineId) {
    const name = nameInEngineId(engineId);
    if (name === undefined) return undefined;
    const keys = [policyEngineKey(name), enginePoliciesKey(name)] as const;
    const found = await batchGet(
      client,
      keys.map((key) => ({ table, key })),
    );
    const engine = parseOwnedResource(PolicyEngineSchema, found(keys[0]));
    if (engine?.id !== engineId) return undefined;
    const policies = parseRecord(EnginePoliciesSchema, found(keys[1]));
    const isOfEngine = policies?.engineId === engineId;
    return { engine, policies: isOfEngine ? policies : { engineId, revision: 0, policies: [] } };
  },
});
