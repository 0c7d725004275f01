/** The client of the function for custom resources, while IAM does not apply the new permissions of the stack yet. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetWorkloadIdentityCommand } from '@aws-sdk/client-bedrock-agentcore-control';
import { createControlPlane, ifThere } from '../../lambda/custom-resources/control-plane';
import { workloadIdentities } from '../../lambda/custom-resources/workload-identity';

/** The response of API Gateway to a caller whose policies do not allow the operation. */
const REFUSED_BY_IAM =
  'User: arn:aws:sts::000000000000:assumed-role/resources/function is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********0000:abc/prod/POST/identities/GetWorkloadIdentity';

const refuse = (response: ServerResponse, message: string) =>
  response
    .writeHead(403, { 'content-type': 'application/json', 'x-amzn-errortype': 'AccessDeniedException' })
    .end(JSON.stringify({ __type: 'AccessDeniedException', message }));

let server: Server;
let answers: ((response: ServerResponse) => void)[];
let signatures: string[];

beforeEach(async () => {
  answers = [];
  signatures = [];
  server = createServer((request, response) => {
    signatures.push(request.headers.authorization ?? '');
    answers.shift()?.(response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(() => new Promise((closed) => server.close(closed)));

const client = () =>
  createControlPlane({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIAAAAAAAAAAAAAAAAA', secretAccessKey: 'a'.repeat(40) },
  });

it('retries until IAM allows the request, and signs for execute-api', async () => {
  answers = [
    (response) => refuse(response, REFUSED_BY_IAM),
    (response) => response.writeHead(200).end(JSON.stringify({ name: 'a', workloadIdentityArn: 'arn' })),
  ];
  await expect(workloadIdentities(client()).read('a')).resolves.toMatchObject({ arn: 'arn' });
  expect(signatures).toHaveLength(2);
  expect(signatures[0]).toContain('/us-east-1/execute-api/aws4_request');
});

it('does not retry if the service itself denies the request, because the resource has another owner', async () => {
  answers = [(response) => refuse(response, 'It belongs to another principal.')];
  const answer = ifThere(client().send(new GetWorkloadIdentityCommand({ name: 'a' })));
  await expect(answer).resolves.toBe('anothers');
  expect(signatures).toHaveLength(1);
});
