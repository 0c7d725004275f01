/**
 * Quotas of one owner. The defaults are the AWS quotas for an account. A quota is not a hard limit: the count comes from an
 * index that lags, and concurrent creations do not see each other. An owner can exceed a quota by the number of its
 * concurrent creations; see "Quotas" in docs/engineering/architecture.md.
 */
import * as v from 'valibot';
import { parseConfiguration } from './configuration';
import type { Caller } from './principal';
import type { OwnedResourceStore } from './owned-resource';
import type { OwnedResource } from '../model/records/owned-resource';
import { ServiceError } from './service-error';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const QuotasSchema = v.strictObject({
  workloadIdentities: v.optional(count, 1000),
  oauth2CredentialProviders: v.optional(count, 50),
  apiKeyCredentialProviders: v.optional(count, 50),
  consentPortals: v.optional(count, 50),
  gateways: v.optional(count, 1000),
  policyEngines: v.optional(count, 1000),
  targetsPerGateway: v.optional(count, 100),
});

export type Quotas = v.InferOutput<typeof QuotasSchema>;

/**
 * Returns quotas from configuration, with the AWS defaults for omitted members.
 *
 * @param json a JSON object with members of {@link Quotas}
 * @throws Error that names the member
 */
export const parseQuotas = (json: string): Quotas =>
  parseConfiguration(QuotasSchema, 'quotas', 'an object like {"workloadIdentities":1000}', json);

/**
 * Checks that the owner can create another resource.
 *
 * @throws ServiceQuotaExceededException if the owner has reached the quota
 */
export async function checkQuota<Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'count'>,
  owner: Caller,
  quotas: Quotas,
  quota: keyof Quotas,
): Promise<void> {
  if ((await store.count(owner)) < quotas[quota]) return;
  throw new ServiceError(
    'ServiceQuotaExceededException',
    `You have reached the quota "${quota}": ${quotas[quota]}. Delete some resources, or ask the operator to raise the quota.`,
  );
}
