/** Owned resources in the directory table: one item each, listed by owner through an index. */
import type * as v from 'valibot';
import { isOwnedBy } from '../../domain/ownership';
import type { OwnedResourceStore } from '../../domain/owned-resource';
import { Oauth2ProviderSchema, type Oauth2Provider } from '../../model/provider/record';
import { ApiKeyProviderSchema, type ApiKeyProvider } from '../../model/records/api-key-provider';
import { ConsentPortalSchema, type ConsentPortal } from '../../model/records/consent-portal';
import { GatewaySchema, type Gateway } from '../../model/records/gateway';
import type { OwnedResource } from '../../model/records/owned-resource';
import { PolicyEngineSchema, type PolicyEngine } from '../../model/records/policy-engine';
import { WorkloadIdentitySchema, type WorkloadIdentity } from '../../model/records/workload-identity';
import {
  apiKeyProviderKey,
  consentPortalKey,
  gatewayKey,
  LISTING_ATTRIBUTE,
  listingPartition,
  oauth2ProviderKey,
  policyEngineKey,
  OWNER_INDEX,
  PREFIX,
  workloadIdentityKey,
  type Key,
} from '../../model/table-keys';
import { parseRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

/** Attribute of a resource whose deletion has started. */
export const DELETED = 'deleted';

const isMarked = (item: unknown): boolean => typeof item === 'object' && item !== null && DELETED in item;

/** @returns undefined also for a record that is marked as deleted. @throws ValiError for a malformed record */
export const parseOwnedResource = <Resource>(
  schema: v.GenericSchema<unknown, Resource>,
  item: unknown,
): Resource | undefined => (isMarked(item) ? undefined : parseRecord(schema, item));

/**
 * @param kind prefix of the kind's partition keys
 * @param keyOf the item's key, by name
 * @param schema of the members
 */
function createOwnedResourceStore<Resource extends OwnedResource>(
  directory: Table,
  {
    kind,
    keyOf,
    schema,
  }: { kind: string; keyOf: (name: string) => Key; schema: v.GenericSchema<unknown, Resource> },
): OwnedResourceStore<Resource> {
  const item = (resource: Resource) =>
    versioned({ ...resource, [LISTING_ATTRIBUTE]: listingPartition(kind, resource.owner) });
  /** The same resource (`id`), unchanged since it was read. */
  const unchanged = ({ id }: Resource, revision: number) => ({
    condition: 'id = :id AND revision = :revision',
    values: { ':id': id, ':revision': revision },
  });
  return {
    get: async (name) => parseOwnedResource(schema, await directory.get(keyOf(name))),
    getForDeletion: async (name) => parseRecord(schema, await directory.get(keyOf(name))),
    create: (resource) => directory.put(keyOf(resource.name), item(resource), ABSENT),
    replace(resource) {
      const { condition, values } = unchanged(resource, resource.revision - 1);
      return directory.put(keyOf(resource.name), item(resource), {
        condition: `${condition} AND attribute_not_exists(${DELETED})`,
        values,
      });
    },
    // Removes the item from the listing, so that it no longer counts.
    markDeleted: (resource) =>
      directory.put(
        keyOf(resource.name),
        versioned({ ...resource, [DELETED]: true }),
        unchanged(resource, resource.revision),
      ),
    remove: (resource) => directory.remove(keyOf(resource.name), unchanged(resource, resource.revision)),
    count: ({ arn, id }) =>
      directory.countIndex(OWNER_INDEX, listingPartition(kind, arn), {
        condition: 'attribute_not_exists(ownerId) OR ownerId = :id',
        values: { ':id': id ?? '' },
      }),
    async list(caller, { limit, after }) {
      const found = await directory.queryIndex(OWNER_INDEX, {
        partition: listingPartition(kind, caller.arn),
        limit,
        ...(after !== undefined && { after: { ...keyOf(after), name: after } }),
      });
      const namesakesToo = found.items.flatMap((record) => parseRecord(schema, record) ?? []);
      const last = found.more ? namesakesToo.at(-1)?.name : undefined;
      const resources = namesakesToo.filter((resource) => isOwnedBy(resource, caller));
      return { resources, ...(last !== undefined && { last }) };
    },
  };
}

export const createWorkloadIdentityStore = (directory: Table) =>
  createOwnedResourceStore<WorkloadIdentity>(directory, {
    kind: PREFIX.workloadIdentity,
    keyOf: workloadIdentityKey,
    schema: WorkloadIdentitySchema,
  });

export const createOauth2ProviderStore = (directory: Table) =>
  createOwnedResourceStore<Oauth2Provider>(directory, {
    kind: PREFIX.oauth2Provider,
    keyOf: oauth2ProviderKey,
    schema: Oauth2ProviderSchema,
  });

export const createApiKeyProviderStore = (directory: Table) =>
  createOwnedResourceStore<ApiKeyProvider>(directory, {
    kind: PREFIX.apiKeyProvider,
    keyOf: apiKeyProviderKey,
    schema: ApiKeyProviderSchema,
  });

export const createConsentPortalStore = (directory: Table) =>
  createOwnedResourceStore<ConsentPortal>(directory, {
    kind: PREFIX.consentPortal,
    keyOf: consentPortalKey,
    schema: ConsentPortalSchema,
  });

export const createGatewayStore = (directory: Table) =>
  createOwnedResourceStore<Gateway>(directory, {
    kind: PREFIX.gateway,
    keyOf: gatewayKey,
    schema: GatewaySchema,
  });

export const createPolicyEngineStore = (directory: Table) =>
  createOwnedResourceStore<PolicyEngine>(directory, {
    kind: PREFIX.policyEngine,
    keyOf: policyEngineKey,
    schema: PolicyEngineSchema,
  });
