import * as v from 'valibot';
import type { Of } from '../of';
import { AuthorizerConfigurationSchema } from '../trusted-issuer';
import { OwnedResourceSchema } from './owned-resource';

export const WorkloadIdentitySchema = v.object({
  ...OwnedResourceSchema.entries,
  allowedResourceOauth2ReturnUrls: v.array(v.string()),
  /** The issuer that this identity trusts in place of the deployment's issuers. Not in the AWS API. */
  authorizerConfiguration: v.exactOptional(AuthorizerConfigurationSchema),
  /**
   * ID of the gateway that the identity belongs to. Only the service's gateway function can act with it, and the gateway's
   * control operations change and delete it.
   */
  gatewayId: v.exactOptional(v.string()),
});

/** The resource of an agent. */
export interface WorkloadIdentity extends Of<typeof WorkloadIdentitySchema> {}
