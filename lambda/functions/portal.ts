/**
 * Composition of the function behind the pages of consent portals, a public function. It has no table and no key: it
 * keeps a person's secret in a cookie, and the `connections` function decides what the secret is good for.
 */
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { createConnectionsFunction } from '../adapters/lambda/connections';
import { system } from '../adapters/system';
import { failureResult } from '../api/failure-page';
import { createPortalRoutes } from '../api/portal';
import { createHandler } from '../api/router';
import { faviconResult, homeResult, notFoundResult } from '../api/site';
import { PORTAL } from '../operations/portal';
import { readEnvironment } from './composition/environment';
import { audit, refuseForgedBy, report, requests } from './composition/logging';

const env = readEnvironment('BASE_URL', 'CONNECTIONS_FUNCTION', 'STAGE_SECRET_HASH');

const notFound = (event: APIGatewayProxyEvent) => Promise.resolve(notFoundResult(event));

export const handler = createHandler(
  PORTAL,
  {
    ...createPortalRoutes({
      connections: createConnectionsFunction(env.CONNECTIONS_FUNCTION),
      audit,
      system,
      baseUrl: env.BASE_URL,
    }),
    Home: () => Promise.resolve(homeResult()),
    Favicon: () => Promise.resolve(faviconResult()),
    NotFound: notFound,
    UnknownOperation: notFound,
    UnknownPut: notFound,
    UnknownPatch: notFound,
    UnknownDelete: notFound,
  },
  { refuseForged: refuseForgedBy(env.STAGE_SECRET_HASH), requests, report, toResult: failureResult },
);
