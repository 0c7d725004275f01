/**
 * Rules for requests that no shape contains: the body as a whole, members in the wrong place, and the size of the
 * error.
 */
import { parseInput, type RequestParts } from '../../lambda/api/parse';
import { OPERATIONS, type JsonOperationName } from '../../lambda/operations';
import { caught } from '../domain/caught';

const refusal = (operation: JsonOperationName, body: string, members: RequestParts['members'] = {}) =>
  caught(() => parseInput(OPERATIONS[operation].input, { body, members }));

const resourceArn =
  'arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/a';

it.each(['{', '[]', 'null', '"a"', '1', '[{"name":"abc"}]', '{}{}'])(
  'the body %s causes CannotParse',
  (body) => {
    const error = refusal('ListWorkloadIdentities', body);
    expect(error).toMatchObject({ type: 'ValidationException', reason: 'CannotParse' });
  },
);

it.each([null, ''])('the body %p is accepted as a request without members', (body) => {
  expect(parseInput(OPERATIONS.ListWorkloadIdentities.input, { body, members: {} })).toEqual({});
});

it('a path member in the body is rejected, even with the same value', () => {
  const error = refusal('TagResource', JSON.stringify({ resourceArn, tags: {} }), { resourceArn });
  expect(error).toMatchObject({ fieldList: [{ name: 'resourceArn' }] });
});

it('a query member in the body is rejected', () => {
  const error = refusal('UntagResource', JSON.stringify({ tagKeys: ['a'] }), { resourceArn, tagKeys: [] });
  expect(error).toMatchObject({ fieldList: [{ name: 'tagKeys' }] });
});

it.each(['__proto__', 'constructor', 'prototype'])(
  'a tag with the key %s is rejected, not dropped',
  (key) => {
    const body = `{"tags":{"${key}":"a"}}`;
    expect(refusal('TagResource', body, { resourceArn })).toMatchObject({
      fieldList: [{ name: `tags.${key}` }],
    });
  },
);

it('an unknown member with deep nesting is rejected like any other unknown member', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  expect(refusal('ListWorkloadIdentities', `{"deep":${deep}}`)).toMatchObject({
    fieldList: [{ name: 'deep', message: 'is not a member of this request' }],
  });
});

it('an unsupported member with deep nesting is rejected like any other unsupported member', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const issuer = `{"discoveryUrl":"https://a.example/.well-known/openid-configuration","allowedAudience":["a"],"certificateConfigurations":${deep}}`;
  const body = `{"name":"agent","authorizerConfiguration":{"customJWTAuthorizer":${issuer}}}`;
  for (const operation of ['CreateWorkloadIdentity', 'UpdateWorkloadIdentity'] as const) {
    const [name, message] = [
      'authorizerConfiguration.customJWTAuthorizer.certificateConfigurations',
      /is not supported/,
    ];
    expect(refusal(operation, body)).toMatchObject({
      type: 'ValidationException',
      fieldList: expect.arrayContaining([
        { name, message: expect.stringMatching(message) as string },
      ]) as unknown,
    });
  }
});

it('an error reports only the first invalid members, with names of limited length', () => {
  const tags = Object.fromEntries(
    Array.from({ length: 1000 }, (_, index) => [`#${'a'.repeat(1000)}${index}`, 'a']),
  );
  const error = refusal('TagResource', JSON.stringify({ tags }), { resourceArn });
  expect(JSON.stringify(error).length).toBeLessThan(20_000);
});

it('no message repeats the values of the request', () => {
  const secret = 'a-secret-that-stands-in-the-wrong-place';
  const error = refusal(
    'GetResourceOauth2Token',
    JSON.stringify({
      workloadIdentityToken: [secret],
      resourceCredentialProviderName: `${secret}!`,
      scopes: secret,
      oauth2Flow: secret,
      sessionUri: secret,
      forceAuthentication: secret,
      customParameters: { a: [secret] },
    }),
  );
  expect(error).toMatchObject({ type: 'ValidationException' });
  expect(JSON.stringify(error) + (error as Error).message).not.toContain(secret);
});
