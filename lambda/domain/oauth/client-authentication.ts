/** How the client authenticates at a token endpoint: by its secret (RFC 6749 section 2.3.1) or an assertion (RFC 7523). */
import type { ClientAuthenticationMethod } from '../../model/provider/client';
import * as oauth from 'oauth4webapi';
import { ProviderFailure } from './provider-failure';

/** The credential with which a client authenticates. */
export type ClientCredential =
  | { readonly secret: string }
  /** A public client: it only names itself (RFC 6749 section 3.2.1). */
  | { readonly secret: undefined }
  /**
   * @param audience the token endpoint, at whichever endpoint of the server the assertion is presented. The key that a
   *   document publishes signs for the issuer instead
   */
  | { readonly assert: (audience: string) => Promise<string> };

/** Placeholder client ID for oauth4webapi, for a client whose assertion identifies it. It is never sent. */
const UNNAMED = '(named by its assertion)';

/** @param client with an empty `clientId` if its assertion identifies it */
export const oauthClientOf = ({ clientId }: { readonly clientId: string }): oauth.Client => ({
  client_id: clientId === '' ? UNNAMED : clientId,
});

/**
 * Returns the text as `application/x-www-form-urlencoded`, with unnecessary encoding left out: a server that decodes it
 * reads the same text, and servers that do not decode it, as several do, work too.
 */
const formEncoded = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+');

const basic =
  (clientSecret: string): oauth.ClientAuth =>
  (_server, { client_id: clientId }, _body, headers) => {
    const credentials = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
  };

/** RFC 7523 section 2.2; `client_id` is optional with an assertion, and some clients have none. */
const asserting =
  (assert: (audience: string) => Promise<string>): oauth.ClientAuth =>
  async ({ token_endpoint: audience }, { client_id: clientId }, body) => {
    if (audience === undefined) throw new ProviderFailure('invalid_metadata', 'there is no token endpoint');
    if (clientId !== UNNAMED) body.set('client_id', clientId);
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    body.set('client_assertion', await assert(audience));
  };

/** For a request that names no client: oauth4webapi would send `client_id` alone. */
export const noClient: oauth.ClientAuth = () => undefined;

export function clientAuthentication(
  method: ClientAuthenticationMethod,
  credential: ClientCredential,
): oauth.ClientAuth {
  if ('assert' in credential) return asserting(credential.assert);
  if (credential.secret === undefined) return oauth.None();
  return method === 'CLIENT_SECRET_POST'
    ? oauth.ClientSecretPost(credential.secret)
    : basic(credential.secret);
}
