/**
 * Beyond AWS: the pages of a consent portal. The `connections` function performs what the person requests, and records
 * it.
 */
import { open, type Route } from '../operation';
import type { ReferenceOf } from '../reference';

const page = (method: Route['method'], path: string) =>
  ({ ...open('portal', `/portals/{portalId}${path}`, method), auditedBy: 'connections' }) as const;

export const pages = {
  Portal: page('GET', ''),
  PortalSignIn: page('GET', '/login'),
  PortalSignInCallback: page('GET', '/callback'),
  PortalSignOut: page('POST', '/logout'),
  PortalConnect: page('POST', '/connect'),
  PortalComplete: page('GET', '/connect/callback'),
  PortalDisconnect: page('POST', '/disconnect'),
  // The addresses of the forms, opened without the form: from the history, a bookmark, or a restored tab.
  PortalSignOutReopened: page('GET', '/logout'),
  PortalConnectReopened: page('GET', '/connect'),
  PortalDisconnectQuestion: page('GET', '/disconnect'),
  PortalDisconnection: page('GET', '/disconnections/{revocationId}'),
};

export const reference: ReferenceOf<typeof pages> = {
  Portal:
    'The first page of a consent portal: the sign-in, or the agents of the signed-in user with their connections. See [portal.md](portal.md).',
  PortalSignIn: 'Begins the sign-in to a portal: sets a cookie, and redirects to the identity provider.',
  PortalSignInCallback:
    'The redirect URI of a portal at the identity provider. Verifies the response, and sets the session cookie.',
  PortalSignOut: 'Ends the session in a portal. A form.',
  PortalConnect: 'Begins the consent for a connection, and redirects to its authorization URL. A form.',
  PortalComplete: 'The return URL of connections that begin in a portal. Completes the consent session.',
  PortalDisconnect:
    'Redirects to the question before a disconnection, or, with `confirmed`, disconnects and redirects to its progress. A form.',
  PortalSignOutReopened: 'The address of the form without the form: redirects to the portal.',
  PortalConnectReopened: 'The address of the form without the form: redirects to the portal.',
  PortalDisconnectQuestion:
    'Shows what a disconnection of the `connection` ends. Without `connection`, redirects to the portal.',
  PortalDisconnection: 'Whether the provider has confirmed a disconnection.',
};
