/**
 * An HTTP server that answers the AWS CLI as AWS does, for the operations that the commands of docs/runbook.md use. Any
 * other operation is an error. Each request is recorded.
 */
import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { URL, URLSearchParams } from 'node:url';
import { FUNCTION_GROUPS } from '../../../lambda/operations/groups.ts';
import { insights, MalformedQueryError } from './insights.mjs';
import { StateTables } from './state-tables.mjs';

const HASH = 'D4E789F8';
const KEY_ARN = 'arn:aws:kms:us-east-1:000000000000:key/6a3e8a5e-0f0c-4d4b-9d53-2f2a1d7f5d11';

/** Names of groups in the names of functions and log groups. */
const GROUPS = FUNCTION_GROUPS.map((group) => group.replaceAll('-', ''));

/** A stack whose first deployment failed: it left two tables behind, of which one has a record, and lost one. */
export const FAILED_STACK = 'arn:aws:cloudformation:us-east-1:000000000000:stack/EarlierStateful/failed';

const FAILED_TABLES = ['Directory', 'Vault'].map((table) => `EarlierStateful-${table}Table${HASH}-f4Il3d`);

/** A table of another deployment, whose stack has a name that begins with the name of the first one. */
const OTHER_TABLE = `AgentIdentityStateful-Test-DirectoryTable${HASH}-a1B2c3`;

/** Resources as CloudFormation names them. */
const RESOURCES = {
  // The construct is in a stack of a user, with the ID `Identity`.
  AgentIdentityStateless: [
    ['AWS::Logs::LogGroup', `AgentIdentityStateless-ApiAccessLog${HASH}-a1B2c3`],
    // An agent endpoint in the same stack.
    ['AWS::Logs::LogGroup', `AgentIdentityStateless-TravelApiAccessLog${HASH}-a1B2c3`],
    ['AWS::Logs::LogGroup', `AgentIdentityStateless-TravelGateendpointgatelogs${HASH}-a1B2c3`],
    ['AWS::Lambda::Function', `AgentIdentityStateless-TravelGateFunction${HASH}-a1B2c3`],
    ['AWS::Lambda::Function', `AgentIdentityStateless-TravelAgent${HASH}-a1B2c3`],
    ['AWS::Logs::LogGroup', `AgentIdentityStateless-IdentityGatewaysgatewaylogs${HASH}-a1B2c3`],
    ...GROUPS.flatMap((group) => [
      ['AWS::Logs::LogGroup', `AgentIdentityStateless-Identity${group}logs${HASH}-a1B2c3`],
      ['AWS::Lambda::Function', `AgentIdentityStateless-Identity${group}${HASH}-a1B2c3`],
    ]),
  ],
  AgentIdentityStateful: [
    ...['Directory', 'Keys', 'Sessions', 'Vault', 'Revocations'].map((table) => [
      'AWS::DynamoDB::GlobalTable',
      `AgentIdentityStateful-${table}Table${HASH}-a1B2c3`,
    ]),
  ],
  [FAILED_STACK]: [
    ...FAILED_TABLES.map((table) => ['AWS::DynamoDB::GlobalTable', table, 'DELETE_SKIPPED']),
    // Its name is that of a table in use, which the state of the resource excludes.
    ['AWS::DynamoDB::GlobalTable', `AgentIdentityStateful-SessionsTable${HASH}-a1B2c3`, 'CREATE_FAILED'],
  ],
};

/** CloudFormation returns pages. */
const PAGE = 8;

const xml = (action, namespace, result) =>
  `<${action}Response xmlns="${namespace}"><${action}Result>${result}</${action}Result>` +
  `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`;

const CLOUDFORMATION = 'http://cloudformation.amazonaws.com/doc/2010-05-15/';
const IAM = 'https://iam.amazonaws.com/doc/2010-05-08/';
const ENDPOINT = 'https://abc123.execute-api.us-east-1.amazonaws.com/prod';
const TIME = '2026-01-31T12:00:00Z';

/** Operations with a form as the request and XML as the response. */
const QUERY_OPERATIONS = {
  ListStackResources: ({ StackName, NextToken = '0' }) => {
    const all = RESOURCES[StackName];
    if (!all) throw new Error(`no stack ${StackName}`);
    const first = Number(NextToken);
    const members = all
      .slice(first, first + PAGE)
      .map(
        ([type, id, status = 'CREATE_COMPLETE']) =>
          `<member><LogicalResourceId>${id.split('-')[1]}</LogicalResourceId><PhysicalResourceId>${id}</PhysicalResourceId>` +
          `<ResourceType>${type}</ResourceType><LastUpdatedTimestamp>${TIME}</LastUpdatedTimestamp>` +
          `<ResourceStatus>${status}</ResourceStatus></member>`,
      );
    const next = first + PAGE < all.length ? `<NextToken>${first + PAGE}</NextToken>` : '';
    const result = `<StackResourceSummaries>${members.join('')}</StackResourceSummaries>${next}`;
    return xml('ListStackResources', CLOUDFORMATION, result);
  },
  DescribeStacks: ({ StackName }) =>
    xml(
      'DescribeStacks',
      CLOUDFORMATION,
      `<Stacks><member><StackName>${StackName}</StackName><CreationTime>${TIME}</CreationTime>` +
        '<StackStatus>CREATE_COMPLETE</StackStatus><Outputs>' +
        '<member><OutputKey>IdentityRestApiId9F997A1E</OutputKey><OutputValue>abc123</OutputValue></member>' +
        `<member><OutputKey>IdentityEndpointC4D2E6F2</OutputKey><OutputValue>${ENDPOINT}</OutputValue></member>` +
        '</Outputs></member></Stacks>',
    ),
  ListStacks: () =>
    xml(
      'ListStacks',
      CLOUDFORMATION,
      `<StackSummaries><member><StackId>${FAILED_STACK}</StackId><StackName>AgentIdentityStateful</StackName>` +
        `<CreationTime>${TIME}</CreationTime><StackStatus>ROLLBACK_COMPLETE</StackStatus></member></StackSummaries>`,
    ),
  DetectStackDrift: () =>
    xml('DetectStackDrift', CLOUDFORMATION, `<StackDriftDetectionId>${randomUUID()}</StackDriftDetectionId>`),
  DescribeStackResourceDrifts: ({ StackName }) =>
    xml(
      'DescribeStackResourceDrifts',
      CLOUDFORMATION,
      `<StackResourceDrifts><member><StackId>arn:aws:cloudformation:us-east-1:000000000000:stack/${StackName}/1</StackId>` +
        '<LogicalResourceId>tokenexchangeRole</LogicalResourceId><ResourceType>AWS::IAM::Role</ResourceType>' +
        `<StackResourceDriftStatus>MODIFIED</StackResourceDriftStatus><Timestamp>${TIME}</Timestamp></member></StackResourceDrifts>`,
    ),
  GetRole: ({ RoleName }) =>
    xml(
      'GetRole',
      IAM,
      `<Role><Path>/</Path><RoleName>${RoleName}</RoleName><RoleId>AROAEXAMPLE</RoleId>` +
        `<Arn>arn:aws:iam::000000000000:role/${RoleName}</Arn><CreateDate>${TIME}</CreateDate></Role>`,
    ),
  PutRolePolicy: ({ PolicyDocument }) => {
    JSON.parse(PolicyDocument);
    return xml('PutRolePolicy', IAM, '');
  },
  DeleteRolePolicy: () => xml('DeleteRolePolicy', IAM, ''),
};

const functionConfiguration = (name, size = 256) => ({
  FunctionName: name,
  MemorySize: size,
  State: 'Active',
  LastUpdateStatus: 'Successful',
});

/** Operations of Lambda: method, path, and the response. */
const LAMBDA_OPERATIONS = [
  [
    'GET',
    /^\/2016-08-19\/account-settings\/?$/,
    () => ({ AccountLimit: { ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 900 } }),
  ],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)\/configuration$/, ([name]) => functionConfiguration(name)],
  [
    'PUT',
    /^\/2015-03-31\/functions\/([^/]+)\/configuration$/,
    ([name], { MemorySize }) => functionConfiguration(name, MemorySize),
  ],
  ['PUT', /^\/2017-10-31\/functions\/([^/]+)\/concurrency$/, (_, input) => input],
  ['DELETE', /^\/2017-10-31\/functions\/([^/]+)\/concurrency$/, () => undefined],
  [
    'GET',
    /^\/2015-03-31\/functions\/([^/]+)\/versions$/,
    () => ({ Versions: ['$LATEST', '1', '2'].map((Version) => ({ Version, LastModified: TIME })) }),
  ],
  [
    'GET',
    /^\/2015-03-31\/functions\/([^/]+)\/aliases\/(live)$/,
    ([, Name]) => ({ Name, FunctionVersion: '2' }),
  ],
  ['PUT', /^\/2015-03-31\/functions\/([^/]+)\/aliases\/(live)$/, ([, Name], input) => ({ Name, ...input })],
  // The version that the alias does not have.
  ['DELETE', /^\/2015-03-31\/functions\/[^/]+\?Qualifier=1$/, () => undefined],
  ['POST', /^\/2015-03-31\/functions\/([^/]*keyrotation[^/]*)\/invocations$/, (_, event) => ({ event })],
];

/** Operations with JSON, by the last part of X-Amz-Target. */
const JSON_OPERATIONS = {
  DescribeKey: ({ KeyId }) => ({ KeyMetadata: { KeyId, Arn: KEY_ARN, KeyState: 'Enabled' } }),
  CancelKeyDeletion: () => ({ KeyId: KEY_ARN }),
  EnableKey: () => ({}),
  RotateKeyOnDemand: ({ KeyId }) => ({ KeyId }),
  LookupEvents: ({ LookupAttributes: [{ AttributeKey, AttributeValue }] }) => ({
    Events: [
      {
        EventTime: Date.parse(TIME) / 1000,
        EventName: AttributeKey === 'EventName' ? AttributeValue : 'CreateRole',
        Username: 'admin',
      },
    ],
  }),
};

async function textOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

export class AwsServer {
  /** Queries in the order of their start: text, log groups, and rows. */
  queries = [];
  /** Names of the operations that were called. */
  operations = [];

  /**
   * @param rowsOf returns the log lines of a log group, the oldest first
   * @param fields names that a query can use
   */
  constructor(rowsOf, fields) {
    this.rowsOf = rowsOf;
    this.fields = fields;
    this.server = createServer((request, response) => {
      this.answer(request).then(
        ({ status = 200, type = 'application/x-amz-json-1.1', body = '' }) => {
          response.writeHead(status, { 'content-type': type }).end(body);
        },
        (error) => {
          const type =
            error instanceof MalformedQueryError ? 'MalformedQueryException' : 'ValidationException';
          response
            .writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
            .end(JSON.stringify({ __type: type, message: error.message }));
        },
      );
    });
  }

  async start() {
    const { AgentIdentityStateful: resources } = RESOURCES;
    const tables = resources
      .filter(([type]) => type === 'AWS::DynamoDB::GlobalTable')
      .map(([, name]) => name);
    this.tables = await StateTables.start([...tables, OTHER_TABLE, ...FAILED_TABLES], KEY_ARN);
    await this.tables.fill(FAILED_TABLES[1]);
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.endpoint = `http://127.0.0.1:${this.server.address().port}`;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
    await this.tables.stop();
  }

  async answer(request) {
    const body = await textOf(request);
    const target = request.headers['x-amz-target'];
    if (target?.startsWith('DynamoDB_')) {
      this.operations.push(target.split('.').at(-1));
      return this.tables.answer(request.headers, body);
    }
    if (target)
      return { body: JSON.stringify(this.json(target.split('.').at(-1), JSON.parse(body || '{}'))) };
    if (String(request.headers['content-type']).startsWith('application/x-www-form-urlencoded')) {
      const { Action, ...input } = Object.fromEntries(new URLSearchParams(body));
      const operation = QUERY_OPERATIONS[Action];
      if (!operation) throw new Error(`unexpected operation ${Action}`);
      this.operations.push(Action);
      return { type: 'text/xml', body: operation(input) };
    }
    return this.lambda(request, body);
  }

  lambda({ method, url }, body) {
    const { pathname, search } = new URL(url, this.endpoint);
    const path = decodeURIComponent(method === 'DELETE' ? pathname + search : pathname);
    const found = LAMBDA_OPERATIONS.find(([verb, pattern]) => verb === method && pattern.test(path));
    if (!found) throw new Error(`unexpected request ${method} ${path}`);
    const [, pattern, respond] = found;
    this.operations.push(`${method} ${path}`);
    const output = respond(pattern.exec(path).slice(1), JSON.parse(body || '{}'));
    return { status: output ? 200 : 204, ...(output && { body: JSON.stringify(output) }) };
  }

  json(name, input) {
    this.operations.push(name);
    if (name === 'StartQuery') return this.startQuery(input);
    if (name === 'GetQueryResults') return this.queryResults(input);
    const operation = JSON_OPERATIONS[name];
    if (!operation) throw new Error(`unexpected operation ${name}`);
    return operation(input);
  }

  startQuery({ logGroupNames, queryString, startTime, endTime }) {
    const existing = RESOURCES.AgentIdentityStateless.map(([, id]) => id);
    if (!(startTime < endTime) || !logGroupNames.every((name) => existing.includes(name))) {
      throw new Error('no such log group, or no time');
    }
    const rows = insights(queryString, logGroupNames.flatMap(this.rowsOf), this.fields);
    this.queries.push({ queryString, rows, looks: 0 });
    return { queryId: String(this.queries.length - 1) };
  }

  /** The first query is complete at the second look. */
  queryResults({ queryId }) {
    const query = this.queries[Number(queryId)];
    query.looks += 1;
    const complete = query.looks > 1 || queryId !== '0';
    return {
      queryLanguage: 'CWLI',
      status: complete ? 'Complete' : 'Running',
      results: complete ? query.rows : [],
      statistics: { recordsMatched: query.rows.length, recordsScanned: 1, bytesScanned: 1 },
    };
  }
}
