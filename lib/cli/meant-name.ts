/** Names the resource that was probably meant, in the error of the service for a name that no resource has. */
import type { ResourceKind } from '../../lambda/model/error-codes';
import { OPERATIONS } from '../../lambda/operations';
import type { Route } from '../../lambda/operations/operation';
import { closestTo } from './closest-name';
import { ServiceFailure } from './failure';

/** The listings of the caller's resources whose names people type. */
const LISTINGS = {
  'workload identity': [OPERATIONS.ListWorkloadIdentities, 'workloadIdentities'],
  'OAuth 2.0 credential provider': [OPERATIONS.ListOauth2CredentialProviders, 'credentialProviders'],
  'API key credential provider': [OPERATIONS.ListApiKeyCredentialProviders, 'credentialProviders'],
} as const;

/** The same for operators, who name resources of all owners. */
const LISTINGS_OF_ALL = {
  ...LISTINGS,
  'workload identity': [OPERATIONS.ListAllWorkloadIdentities, 'workloadIdentities'],
  'OAuth 2.0 credential provider': [OPERATIONS.ListAllCredentialProviders, 'credentialProviders'],
} as const;

const isListed = (kind: ResourceKind): kind is keyof typeof LISTINGS => kind in LISTINGS;

/**
 * Returns the failure, with the closest name of the first page if there is one. It fails for no further reason.
 *
 * @param operation that failed
 */
export async function withMeantName(
  service: { readonly call: <Output>(operation: Route, input: object) => Promise<Output> },
  failure: ServiceFailure,
  { group }: Pick<Route, 'group'>,
): Promise<ServiceFailure> {
  const { problem, next } = failure;
  if (problem?.code !== 'ResourceNotFound' || !isListed(problem.values.resource)) return failure;
  const [operation, member] = (group === 'operator' ? LISTINGS_OF_ALL : LISTINGS)[problem.values.resource];
  const page = await service
    .call<Partial<Record<string, readonly { readonly name: string }[]>>>(operation, {})
    .catch(() => undefined);
  const names = page?.[member]?.map(({ name }) => name) ?? [];
  const meant = closestTo(problem.values.name, names);
  if (meant === undefined) return failure;
  return new ServiceFailure(failure.type, failure.httpStatus, {
    ...failure,
    next: [`Did you mean "${meant}"?`, ...(next === undefined ? [] : [next])].join(' '),
  });
}
