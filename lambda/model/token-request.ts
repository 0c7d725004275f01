/** The request of an agent for a token of a credential provider. */
import * as v from 'valibot';
import { matching, text } from './constraints';
import { FLOWS } from './flow';
import { customParameters, providerName, scopes } from './names';
import type { Of } from './of';
import { returnUrl, workloadToken } from './request-values';

export const sessionUri = matching(
  1,
  1024,
  /^urn:ietf:params:oauth:request_uri:[a-zA-Z0-9-._~]+$/,
  'must be a session URI: urn:ietf:params:oauth:request_uri: and letters, digits, and the characters - . _ ~',
);

/** The members that select a token. */
export const requestedToken = {
  workloadIdentityToken: workloadToken,
  resourceCredentialProviderName: providerName,
  scopes,
  oauth2Flow: v.picklist(FLOWS),
};

export const tokenMembers = {
  ...requestedToken,
  sessionUri: v.exactOptional(sessionUri),
  resourceOauth2ReturnUrl: v.exactOptional(returnUrl),
  forceAuthentication: v.exactOptional(v.boolean()),
  customParameters: v.exactOptional(customParameters),
  customState: v.exactOptional(text(1, 4096)),
  resources: v.exactOptional(v.pipe(v.array(text(1, 2048)), v.maxLength(20))),
  audiences: v.exactOptional(v.pipe(v.array(text(1, 2048)), v.maxLength(20))),
  // Beyond AWS: where the agent is going to send the token. A token for one resource goes to no other server.
  resourceServerUrl: v.exactOptional(
    v.pipe(
      text(1, 2048),
      v.check((value) => URL.canParse(value), 'must be an absolute URL'),
    ),
  ),
};

export interface TokenRequest extends Of<v.StrictObjectSchema<typeof tokenMembers, undefined>> {}
