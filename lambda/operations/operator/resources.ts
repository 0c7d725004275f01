/** The resources of all owners. */
import * as v from 'valibot';
import {
  ListedCredentialProviderSchema,
  ListedWorkloadIdentitySchema,
  nextToken,
} from '../../model/responses';
import { operations, returns } from '../operation';
import type { ReferenceOf } from '../reference';
import { OperatorListInputSchema, TransferInputSchema } from '../../model/operator-request';

const identities = () => v.object({ workloadIdentities: v.array(ListedWorkloadIdentitySchema), nextToken });
const providers = () => v.object({ credentialProviders: v.array(ListedCredentialProviderSchema), nextToken });
const transferred = () => v.object({ resourceArn: v.string(), owner: v.string(), previousOwner: v.string() });

export const resources = operations('operator', '/operator', {
  // The paths are fixed. AWS has an operation ListWorkloadIdentities, so the names are others: in the audit log, too.
  ListAllWorkloadIdentities: {
    path: '/operator/ListWorkloadIdentities',
    output: returns<typeof identities>(),
    input: OperatorListInputSchema,
  },
  ListAllCredentialProviders: {
    path: '/operator/ListCredentialProviders',
    output: returns<typeof providers>(),
    input: OperatorListInputSchema,
  },
  TransferOwnership: {
    output: returns<typeof transferred>(),
    input: TransferInputSchema,
  },
});

export const reference: ReferenceOf<typeof resources> = {
  ListAllWorkloadIdentities: {
    output: identities,
    does: 'Its path is `/operator/ListWorkloadIdentities`, and the audit log has the name ListAllWorkloadIdentities. Lists the workload identities of all owners, or of one `owner`, in no particular order. A page can have fewer entries than `maxResults` (50 by default), or none, although more pages follow. Each entry of `workloadIdentities` has `name`, `workloadIdentityArn`, `owner`, `createdTime`, `lastUpdatedTime`, `suspended`, and, if it is suspended, `suspension` (`since`, `by`, `reason`).',
  },
  ListAllCredentialProviders: {
    output: providers,
    does: 'Its path is `/operator/ListCredentialProviders`, and the audit log has the name ListAllCredentialProviders. Lists the credential providers of both kinds, with the pages of ListAllWorkloadIdentities. Each entry of `credentialProviders` has `name`, `credentialProviderArn`, `credentialProviderVendor` (of an OAuth 2.0 provider), `owner`, `createdTime`, and `lastUpdatedTime`.',
  },
  TransferOwnership: {
    output: transferred,
    does: 'Makes another principal the owner of a workload identity or credential provider: a role or user of this account, of an account in `callers.accountIds` with `manageResources`, or of the account of the present owner. ID, configuration, resource policy, tags, and grants stay, so check the policy, and the client and the server of a provider. Transfer an agent and its providers together. The tags `agent-identity:owner` of external secrets, signing keys, and secrets and S3 objects with certificates, and `agent-identity:trusted-provider-owner`, name the previous owner until you change them. The response has `resourceArn`, `owner`, and `previousOwner`. The next write of the new owner records its unique ID.',
    errors: ['ResourceNotFoundException'],
  },
};
