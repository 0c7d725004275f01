/**
 * How much one owner may have. The defaults are AWS's, which count by account; here each owner counts for
 * itself. No hard limit: the count comes from an index that lags, and creations that run in parallel do not see each
 * other. An owner can exceed a quota by as many as it creates at once; see "Quotas" in docs/architecture.md.
 */
import * as v from 'valibot';
import { parseConfiguration } from './configuration';
import type { Caller } from './principal';
import type { OwnedResource, OwnedResourceStore } from './owned-resource';
import { ServiceError } from './service-error';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const QuotasSchema = v.strictObject({
  workloadIdentities: v.optional(count, 1000),
  oauth2CredentialProviders: v.optional(count, 50),
  apiKeyCredentialProviders: v.optional(count, 50),
});

export type Quotas = v.InferOutput<typeof QuotasSchema>;

/**
 * Quotas from configuration; what is left out has AWS's default.
 *
 * @param json a JSON object with some of {@link Quotas}' members
 * @throws Error in plain words
 */
export const parseQuotas = (json: string): Quotas =>
  parseConfiguration(QuotasSchema, 'quotas', 'an object like {"workloadIdentities":1000}', json);

/** @throws ServiceQuotaExceededException when the owner has as many as the quota lets */
export async function checkQuota<Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'count'>,
  owner: Caller,
  quotas: Quotas,
  quota: keyof Quotas,
): Promise<void> {
  if ((await store.count(owner)) < quotas[quota]) return;
  throw new ServiceError(
    'ServiceQuotaExceededException',
    `You have as many as the quota "${quota}" lets: ${quotas[quota]}. Delete some, or have the quota raised.`,
  );
}
