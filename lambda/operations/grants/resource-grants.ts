/** Beyond AWS: what an agent holds for a user. */
import * as v from 'valibot';
import { providerName } from '../../model/names';
import { BegunRevocationSchema, GrantDescriptionSchema, nextToken } from '../../model/responses';
import { operations, returns } from '../operation';
import type { ReferenceOf } from '../reference';
import { grantId, listing, workloadToken } from '../../model/request-values';

const page = () => v.object({ grants: v.array(GrantDescriptionSchema), nextToken });
const revocation = () => v.omit(BegunRevocationSchema, ['matched']);

export const resourceGrants = operations('grants', '/identities', {
  ListResourceGrants: {
    output: returns<typeof page>(),
    input: v.strictObject({ workloadIdentityToken: workloadToken, ...listing(100).entries }),
  },
  RevokeResourceGrant: {
    output: returns<typeof revocation>(),
    input: v.strictObject({
      workloadIdentityToken: workloadToken,
      grantId: v.exactOptional(grantId),
      resourceCredentialProviderName: v.exactOptional(providerName),
    }),
  },
});

export const reference: ReferenceOf<typeof resourceGrants> = {
  ListResourceGrants: {
    output: page,
    does: "Returns a page of what the agent of the workload access token holds for the user of the token, so that an application can show it to the user; for a token without a user, the agent's own grants. The response has `grants`, each with `grantId`, `workloadIdentityArn`, `credentialProviderArn`, `userHash` (absent for the agent's own), `flow`, `scopes`, `resources`, `audiences`, `createdTime`, `lastRefreshedTime`, `lastUsedDate` (`YYYY-MM-DD`, UTC), `expiresAt` of the access token, `renewsAutomatically` (whether it is renewed without the user, by a refresh token or client credentials), and `status`: `ACTIVE` (the token can be returned), `RENEWABLE` (the next request renews it without the user), `NEEDS_CONSENT`, `BACKING_OFF` (the provider was unavailable), or `UNREADABLE` (the stored record is not valid: no request gets a token of it, and the grant has only what its key contains). Never a token. A page has up to `maxResults` grants (100 by default), and can be short, or empty, before the last page: continue while there is a `nextToken`.",
    errors: ['UnauthorizedException', 'AccessDeniedException'],
  },
  RevokeResourceGrant: {
    output: revocation,
    does: 'Revokes what the agent of the workload access token holds for the user of the token: the grant `grantId`, or every grant at `resourceCredentialProviderName`. Exactly one of them is required. From the response on, no request gets the tokens. The provider is called after the response, and again until it confirms the revocation, for up to 24 hours. The response has `revocationId`, `status` (`DONE` if there were no tokens to revoke, otherwise `IN_PROGRESS`), and `reach`: what the revocation can end at the provider. It is `token`, `grant`, `user-and-client`, `user-and-project`, `installation`, or `none`, as in [vendors.md](vendors.md); of several grants, the widest. From `user-and-client` on, other agents lose their access too, so tell the user before. The reach is absent if no tokens can be sent to the provider. A grant that is already revoked has nothing left: a repetition returns ResourceNotFoundException, and makes no other revocation. A grant with the status `UNREADABLE` is revoked when its record is valid again; until then, the revocation is `IN_PROGRESS`.',
    errors: ['UnauthorizedException', 'AccessDeniedException', 'ResourceNotFoundException'],
  },
};
