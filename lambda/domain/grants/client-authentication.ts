/** How the client authenticates at a token endpoint (RFC 6749 section 2.3.1). */
import * as oauth from 'oauth4webapi';
import type { ClientAuthenticationMethod } from '../provider/vendor';

/**
 * `application/x-www-form-urlencoded`, leaving as it is what need not be encoded: a server that decodes reads the
 * same, and one that forgets to, as several do, is served too.
 */
const formEncoded = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+');

const basic =
  (clientSecret: string): oauth.ClientAuth =>
  (_server, { client_id: clientId }, _body, headers) => {
    const credentials = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
  };

export const clientAuthentication = (
  method: ClientAuthenticationMethod,
  clientSecret: string,
): oauth.ClientAuth =>
  method === 'CLIENT_SECRET_POST' ? oauth.ClientSecretPost(clientSecret) : basic(clientSecret);
