/** API Gateway rejects requests without a signature, and functions reject events without a caller. */
import { deepStrictEqual, match, strictEqual } from 'node:assert';
import { OPERATIONS, type OperationName } from '../../lambda/operations';
import { pathMembers, type Route } from '../../lambda/operations/operation';
import { STAGE_SECRET_VARIABLE } from '../../lambda/model/stage-secret';
import { LOCAL_ACCOUNT } from '../../lib/local/principals';
import type { Checks } from './checks';
import type { DeployedFunctions } from './deployed-functions';
import type { Records } from './records';

/** The message of API Gateway; the functions would reject the request with another one. */
const REFUSED_AT_THE_GATEWAY =
  /the request is not signed\. Check the method and the path\. Sign calls of operations with AWS Signature Version 4/;

type Named = readonly [OperationName, Route];

const ROUTES = Object.entries(OPERATIONS) as Named[];
const SIGNED = ROUTES.filter(([, { auth }]) => auth === 'IAM');

/** A path that matches the route, with parameters that name nothing. */
const pathOf = ({ path }: Route): string => path.replaceAll(/\{[^}]+\}/g, 'arn:aws:none');

/** @param api address of the deployed API's stage, without a trailing slash */
export async function checkSignaturesAreRequired(checks: Checks, api: string): Promise<void> {
  const responseOf = async ([, route]: Named): Promise<{ status: number; text: string }> => {
    const hasBody = route.method === 'POST' || route.method === 'PUT';
    const answer = await fetch(api + pathOf(route), {
      method: route.method,
      headers: { 'content-type': 'application/json' },
      ...(hasBody && { body: '{"name":"unsigned","workloadName":"unsigned"}' }),
    });
    return { status: answer.status, text: await answer.text() };
  };

  await checks.check(
    `each of the ${SIGNED.length} IAM methods returns a 403 without a signature`,
    async () => {
      for (const route of SIGNED) {
        const { status, text } = await responseOf(route);
        deepStrictEqual([route[0], status], [route[0], 403]);
        match(text, REFUSED_AT_THE_GATEWAY, route[0]);
      }
    },
  );

  await checks.check('the key set and the metadata of the issuer are public', async () => {
    for (const path of [OPERATIONS.Jwks.path, OPERATIONS.IssuerMetadata.path]) {
      strictEqual((await fetch(api + path)).status, 200, path);
    }
  });
}

/** The event that API Gateway would send without authorization. */
const eventWithoutCaller = (route: Route, stageVariables: object | null): object => ({
  stageVariables,
  resource: route.path,
  path: pathOf(route),
  httpMethod: route.method,
  headers: { 'content-type': 'application/json' },
  multiValueHeaders: {},
  queryStringParameters: null,
  multiValueQueryStringParameters: null,
  pathParameters: Object.fromEntries(pathMembers(route).map((name) => [name, 'arn:aws:none'])),
  requestContext: { requestId: 'without-caller', stage: 'prod', identity: { userArn: null, sourceIp: '' } },
  body: '{"name":"without-caller","workloadName":"without-caller"}',
  isBase64Encoded: false,
});

/** The response to an event that did not come through the API. */
const FORGED = {
  statusCode: 403,
  headers: {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-amzn-errortype': 'AccessDeniedException',
  },
  body: '{"__type":"AccessDeniedException","message":"Access denied"}',
};

export async function checkCallersAreNamed(
  checks: Checks,
  functions: DeployedFunctions,
  records: Records,
): Promise<void> {
  await checks.check('the functions reject an event without a caller, and write nothing', async () => {
    const before = await records.all();
    for (const [name, route] of SIGNED) {
      const { payload, failed } = await functions.invoke(
        route.group,
        eventWithoutCaller(route, functions.stageVariables),
      );
      const { statusCode } = payload as { statusCode?: number };
      deepStrictEqual([name, failed, statusCode], [name, false, 403]);
    }
    deepStrictEqual(await records.all(), before);
  });

  await checks.check('the functions reject an operator without the secret of the stage', async () => {
    const before = await records.all();
    const identity = { userArn: `arn:aws:iam::${LOCAL_ACCOUNT}:user/operator`, caller: 'AIDAOPERATOR' };
    for (const [name, route] of ROUTES) {
      for (const stageVariables of [null, { [STAGE_SECRET_VARIABLE]: 'A'.repeat(43) }]) {
        const event = { ...eventWithoutCaller(route, stageVariables), requestContext: { identity } };
        const { payload, failed } = await functions.invoke(route.group, event);
        deepStrictEqual([name, failed, payload], [name, false, FORGED]);
      }
    }
    deepStrictEqual(await records.all(), before);
  });

  await checks.check('the functions reject an event that is not from API Gateway', async () => {
    for (const event of [null, [], {}, 'x', { requestContext: { identity: {} } }]) {
      for (const group of ['control-plane', 'credential-retrieval', 'token-exchange'] as const) {
        const { payload, failed } = await functions.invoke(group, event);
        const { statusCode = 0 } = (payload ?? {}) as { statusCode?: number };
        strictEqual(failed || statusCode >= 400, true, `${group}: ${JSON.stringify(event)}`);
      }
    }
  });
}
