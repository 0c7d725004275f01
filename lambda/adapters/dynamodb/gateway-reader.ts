/** Reads a gateway, with one of its targets, in one round trip. */
import { nameInGatewayId } from '../../domain/gateway/manage/gateway';
import type { GatewayReader, LimitedGateway } from '../../domain/gateway/gateway-reader';
import { GatewaySchema, GatewayTargetSchema, TargetCandidateSchema } from '../../model/records/gateway';
import { GatewayRateLimitsSchema } from '../../model/records/gateway-rate-limits';
import { WorkloadIdentitySchema } from '../../model/records/workload-identity';
import {
  gatewayKey,
  gatewayTargetKey,
  rateLimitsKey,
  targetCandidateKey,
  workloadIdentityKey,
} from '../../model/table-keys';
import { batchGet, type Found } from './batch-get';
import type { DynamoDb } from './client';
import { parseOwnedResource } from './owned-resource-store';
import { parseRecord } from './record';

/** @param table name of the directory table */
export function createGatewayReader(client: DynamoDb, table: string): GatewayReader {
  /** A gateway that was deleted and created again has another ID. */
  function gatewayIn(found: Found, name: string, gatewayId: string): LimitedGateway | undefined {
    const gateway = parseOwnedResource(GatewaySchema, found(gatewayKey(name)));
    if (gateway?.id !== gatewayId) return undefined;
    const stored = parseRecord(GatewayRateLimitsSchema, found(rateLimitsKey(name)));
    return { ...gateway, rateLimits: stored?.gatewayId === gatewayId ? stored.limits : [] };
  }

  return {
    async identity(name) {
      const key = workloadIdentityKey(name);
      const found = await batchGet(client, [{ table, key }]);
      return parseOwnedResource(WorkloadIdentitySchema, found(key));
    },
    async gateway(gatewayId) {
      const name = nameInGatewayId(gatewayId);
      if (name === undefined) return undefined;
      const found = await batchGet(client, [
        { table, key: gatewayKey(name) },
        { table, key: rateLimitsKey(name) },
      ]);
      return gatewayIn(found, name, gatewayId);
    },
    async candidate(gatewayId, candidateId) {
      const name = nameInGatewayId(gatewayId);
      if (name === undefined) return undefined;
      const key = targetCandidateKey(name, candidateId);
      const found = await batchGet(client, [{ table, key }]);
      const candidate = parseRecord(TargetCandidateSchema, found(key));
      return candidate?.gatewayId === gatewayId ? candidate : undefined;
    },
    async target(gatewayId, targetName) {
      const name = nameInGatewayId(gatewayId);
      if (name === undefined) return undefined;
      const key = gatewayTargetKey(name, targetName);
      const found = await batchGet(client, [
        { table, key: gatewayKey(name) },
        { table, key: rateLimitsKey(name) },
        { table, key },
      ]);
      const gateway = gatewayIn(found, name, gatewayId);
      const target = parseRecord(GatewayTargetSchema, found(key));
      return gateway && target?.gatewayId === gateway.id ? { gateway, target } : undefined;
    },
  };
}
