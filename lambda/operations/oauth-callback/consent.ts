/** The steps of a consent in the user's browser. */
import { open } from '../operation';
import type { ReferenceOf } from '../reference';

export const consent = {
  Authorize: open('oauth-callback', '/identities/oauth2/authorize'),
  // Beyond AWS: the consent page's form.
  DeclineAuthorization: open('oauth-callback', '/identities/oauth2/authorize', 'POST'),
  Callback: open('oauth-callback', '/identities/oauth2/callback/{callbackId}'),
};

export const reference: ReferenceOf<typeof consent> = {
  Authorize:
    'The authorization URL (`request_uri` identifies the consent session). Binds the browser to the session with a cookie, and redirects to the provider.',
  DeclineAuthorization:
    'The form of the consent page, if the session has one: the user declines, and the session fails with `access_denied`. Requires the cookie of the browser that saw the page.',
  Callback:
    'The `callbackUrl` of a credential provider, where the provider redirects the browser. Redirects to the return URL with a one-time `session_id` and, if the request had `customState`, with `state`.',
};
