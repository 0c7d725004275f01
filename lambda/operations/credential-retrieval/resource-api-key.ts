/** API keys for agents. */
import * as v from 'valibot';
import { providerName } from '../../model/names';
import { operations } from '../operation';
import type { ReferenceOf } from '../reference';
import { workloadToken } from '../../model/request-values';

export const resourceApiKey = operations('credential-retrieval', '/identities', {
  GetResourceApiKey: {
    path: '/identities/api-key',
    input: v.strictObject({
      workloadIdentityToken: workloadToken,
      resourceCredentialProviderName: providerName,
    }),
  },
});

export const reference: ReferenceOf<typeof resourceApiKey> = {
  GetResourceApiKey: {
    does: "Returns the provider's API key to the agent.",
    errors: ['UnauthorizedException', 'ResourceNotFoundException'],
  },
};
