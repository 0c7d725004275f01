/** Errors of AWS STS: those about the content of a token are the owner's to correct, and the others are the service's. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createWebIdentityTokens } from '../../lambda/adapters/sts/web-identity-tokens';
import { ServiceError } from '../../lambda/domain/service-error';

let code = '';
const sts = createServer((_request, response) => {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error>`;
  response.writeHead(400, { 'content-type': 'text/xml' }).end(`<ErrorResponse>${error}</ErrorResponse>`);
});

beforeAll(async () => {
  await new Promise<void>((listening) => sts.listen(0, '127.0.0.1', listening));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(sts.address() as AddressInfo).port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
});
afterAll(() => {
  sts.closeAllConnections();
  sts.close();
});

const request = {
  audience: 'https://provider.example/token',
  workload: 'arn:aws:x:agent',
  owner: 'arn:aws:x',
};
const rejection = () =>
  createWebIdentityTokens()
    .get(request)
    .catch((error: unknown) => error);

it.each(['ValidationError', 'JWTPayloadSizeExceededException'])(
  '%s is a ValidationException',
  async (name) => {
    code = name;
    expect(await rejection()).toMatchObject({
      type: 'ValidationException',
      detail: expect.stringContaining(name) as string,
    });
  },
);

it.each(['AccessDenied', 'InvalidClientTokenId'])('%s stays an error of the service', async (name) => {
  code = name;
  const error = await rejection();
  expect(error).toHaveProperty('name', name);
  expect(error).not.toBeInstanceOf(ServiceError);
});
