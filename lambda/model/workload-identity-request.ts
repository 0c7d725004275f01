/** The requests for workload identities. */
import * as v from 'valibot';
import { smallAsJson } from './constraints';
import { workloadName } from './names';
import type { Of } from './of';
import { isRegistrable } from './registrable-return-url';
import { returnUrl, tags } from './request-values';
import { AuthorizerConfigurationChangeSchema, AuthorizerConfigurationSchema } from './trusted-issuer';

/**
 * AWS sets no bounds for these. The largest workload identity, including its policy and tags, must fit into one DynamoDB
 * item of 400 KB.
 */
const returnUrls = v.pipe(v.array(v.pipe(returnUrl, isRegistrable)), v.maxLength(100));
const AUTHORIZER_BYTES = 65_536;

export const createdIdentity = v.strictObject({
  name: workloadName,
  allowedResourceOauth2ReturnUrls: v.exactOptional(returnUrls),
  tags: v.exactOptional(tags),
  authorizerConfiguration: v.exactOptional(
    v.pipe(AuthorizerConfigurationSchema, smallAsJson(AUTHORIZER_BYTES)),
  ),
});
export interface CreateWorkloadIdentityInput extends Of<typeof createdIdentity> {}

export const updatedIdentity = v.strictObject({
  name: workloadName,
  allowedResourceOauth2ReturnUrls: v.exactOptional(returnUrls),
  authorizerConfiguration: v.exactOptional(
    v.pipe(AuthorizerConfigurationChangeSchema, smallAsJson(AUTHORIZER_BYTES)),
  ),
});
export interface UpdateWorkloadIdentityInput extends Of<typeof updatedIdentity> {}
