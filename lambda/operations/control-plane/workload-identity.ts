/** Workload identities: the agents of the service. */
import * as v from 'valibot';
import { smallAsJson } from '../../model/constraints';
import { workloadName } from '../../model/names';
import {
  AuthorizerConfigurationChangeSchema,
  AuthorizerConfigurationSchema,
} from '../../model/trusted-issuer';
import { isRegistrable } from '../../model/registrable-return-url';
import {
  OWN,
  OWN_LISTED,
  PLAIN_TAGS,
  RETURN_URLS_IN_ASCII,
  REVOKES,
  SAFE_RETURN_URLS,
  SHREDS,
} from '../differences';
import { operations } from '../operation';
import type { ReferenceOf } from '../reference';
import { listing, returnUrl, tags } from '../../model/request-values';

/**
 * AWS sets no bounds for these. The largest workload identity, including its policy and tags, must fit into one DynamoDB
 * item of 400 KB.
 */
const returnUrls = v.pipe(v.array(v.pipe(returnUrl, isRegistrable)), v.maxLength(100));
const AUTHORIZER_BYTES = 65_536;

const named = v.strictObject({ name: workloadName });

export const workloadIdentity = operations('control-plane', '/identities', {
  CreateWorkloadIdentity: {
    status: 201,
    input: v.strictObject({
      name: workloadName,
      allowedResourceOauth2ReturnUrls: v.exactOptional(returnUrls),
      tags: v.exactOptional(tags),
      authorizerConfiguration: v.exactOptional(
        v.pipe(AuthorizerConfigurationSchema, smallAsJson(AUTHORIZER_BYTES)),
      ),
    }),
  },
  GetWorkloadIdentity: { input: named },
  UpdateWorkloadIdentity: {
    input: v.strictObject({
      name: workloadName,
      allowedResourceOauth2ReturnUrls: v.exactOptional(returnUrls),
      authorizerConfiguration: v.exactOptional(
        v.pipe(AuthorizerConfigurationChangeSchema, smallAsJson(AUTHORIZER_BYTES)),
      ),
    }),
  },
  DeleteWorkloadIdentity: { status: 204, input: named },
  ListWorkloadIdentities: { input: listing(20) },
});

export const reference: ReferenceOf<typeof workloadIdentity> = {
  CreateWorkloadIdentity: {
    does: 'Creates a workload identity for an agent.',
    errors: ['ConflictException', 'ServiceQuotaExceededException'],
    differs: [OWN, SAFE_RETURN_URLS, RETURN_URLS_IN_ASCII, PLAIN_TAGS],
  },
  GetWorkloadIdentity: { does: 'Describes a workload identity.', errors: ['ResourceNotFoundException'] },
  UpdateWorkloadIdentity: {
    does: 'Changes the members that the request contains, and keeps the others.',
    errors: ['ResourceNotFoundException'],
    differs: [SAFE_RETURN_URLS, RETURN_URLS_IN_ASCII],
  },
  DeleteWorkloadIdentity: {
    does: 'Deletes a workload identity and all of its grants. The service rejects its workload access tokens from the next request on. Requests that are waiting for a provider fail. If the deletion was interrupted, call the operation again; until then, the name remains in use.',
    errors: ['ResourceNotFoundException'],
    differs: [SHREDS, REVOKES],
  },
  ListWorkloadIdentities: {
    does: 'Returns a page of workload identities, sorted by name.',
    differs: [OWN_LISTED],
  },
};
