/** Routes match as in API Gateway: first the most specific path, then the method. */
import { compileRoutes } from '../../lib/local/routes';

const ROUTES = [
  { method: 'GET', path: '/{rest+}' },
  { method: 'GET', path: '/' },
  { method: 'GET', path: '/tags/{arn+}' },
  { method: 'POST', path: '/tags/{arn+}' },
  { method: 'GET', path: '/portals/{portalId}' },
  { method: 'GET', path: '/portals/{portalId}/login' },
  { method: 'POST', path: '/portals/list' },
];

const match = compileRoutes(ROUTES);

it.each([
  ['GET', '/', '/', {}],
  ['GET', '/anything', '/{rest+}', { rest: 'anything' }],
  ['GET', '/tags', '/{rest+}', { rest: 'tags' }],
  ['GET', '/tags/a/b%20c', '/tags/{arn+}', { arn: 'a/b c' }],
  ['POST', '/tags/a', '/tags/{arn+}', { arn: 'a' }],
  ['GET', '/portals/one', '/portals/{portalId}', { portalId: 'one' }],
  ['GET', '/portals/one/login', '/portals/{portalId}/login', { portalId: 'one' }],
  ['GET', '/portals/one/logout', '/{rest+}', { rest: 'portals/one/logout' }],
  ['POST', '/portals/list', '/portals/list', {}],
])('%s %s is a request to %s', (method, path, template, parameters) => {
  expect(match(method, path)).toMatchObject({ route: { method, path: template }, parameters });
});

it.each([
  ['POST', '/anything'],
  ['POST', '/'],
  // The path selects the resource, which does not have this method. The rest of the path is not tried.
  ['GET', '/portals/list'],
  ['DELETE', '/tags/a'],
])('%s %s is a request to no route', (method, path) => {
  expect(match(method, path)).toBeUndefined();
});
