/** Pages outside of any portal. */
import { open, type Route } from '../operation';
import type { ReferenceOf } from '../reference';

const page = (path: string, method: Route['method'] = 'GET') =>
  ({ ...open('portal', path, method), metadata: true }) as const;

export const site = {
  Home: page('/'),
  Favicon: page('/favicon.ico'),
  NotFound: page('/{unknown+}'),
  UnknownOperation: page('/{unknown+}', 'POST'),
  UnknownPut: page('/{unknown+}', 'PUT'),
  UnknownPatch: page('/{unknown+}', 'PATCH'),
  UnknownDelete: page('/{unknown+}', 'DELETE'),
};

export const reference: ReferenceOf<typeof site> = {
  Home: 'A page that says what answers at this address.',
  Favicon: 'The icon of the pages.',
  NotFound:
    'Any other path: a page for browsers (`Accept` with `text/html`), and an error for other clients.',
  UnknownOperation:
    'Any other operation: a ValidationException with the reason for an operation of AWS that this service does not have, and ResourceNotFoundException for all others. `GET` and the next three methods have the same errors. On a private API, and with `callers` of other accounts, policies allow none of these routes to everyone, and API Gateway returns AccessDeniedException.',
  UnknownPut: 'Any other operation.',
  UnknownPatch: 'Any other operation.',
  UnknownDelete: 'Any other operation.',
};
