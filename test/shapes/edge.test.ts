/** What no shape says of a request: its body as a whole, members in the wrong place, and how much is reported. */
import { parseInput, type RequestParts } from '../../lambda/api/parse';
import type { JsonOperation } from '../../lambda/contract/schemas/requests';
import { caught } from '../domain/caught';

const refusal = (operation: JsonOperation, body: string, members: RequestParts['members'] = {}) =>
  caught(() => parseInput(operation, { body, members }));

const resourceArn =
  'arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/a';

it.each(['{', '[]', 'null', '"a"', '1', '[{"name":"abc"}]', '{}{}'])('the body %s is CannotParse', (body) => {
  const error = refusal('ListWorkloadIdentities', body);
  expect(error).toMatchObject({ type: 'ValidationException', reason: 'CannotParse' });
});

it.each([null, ''])('the body %p is a request without members', (body) => {
  expect(parseInput('ListWorkloadIdentities', { body, members: {} })).toEqual({});
});

it('a member of the path is refused in the body, even with the same value', () => {
  const error = refusal('TagResource', JSON.stringify({ resourceArn, tags: {} }), { resourceArn });
  expect(error).toMatchObject({ fieldList: [{ name: 'resourceArn' }] });
});

it('a member of the query is refused in the body', () => {
  const error = refusal('UntagResource', JSON.stringify({ tagKeys: ['a'] }), { resourceArn, tagKeys: [] });
  expect(error).toMatchObject({ fieldList: [{ name: 'tagKeys' }] });
});

it.each(['__proto__', 'constructor', 'prototype'])('a tag %s is refused, not dropped', (key) => {
  const body = `{"tags":{"${key}":"a"}}`;
  expect(refusal('TagResource', body, { resourceArn })).toMatchObject({
    fieldList: [{ name: `tags.${key}` }],
  });
});

it('a member deep beyond measure is refused like any other that is unknown', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  expect(refusal('ListWorkloadIdentities', `{"deep":${deep}}`)).toMatchObject({
    fieldList: [{ name: 'deep', message: 'is not a member of this request' }],
  });
});

it('so is a member that this service refuses', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const issuer = `{"discoveryUrl":"https://a.example/.well-known/openid-configuration","allowedAudience":["a"],"privateEndpoint":${deep}}`;
  const body = `{"name":"agent","authorizerConfiguration":{"customJWTAuthorizer":${issuer}}}`;
  for (const operation of ['CreateWorkloadIdentity', 'UpdateWorkloadIdentity'] as const) {
    const [name, message] = [
      'authorizerConfiguration.customJWTAuthorizer.privateEndpoint',
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

it('an answer reports the first wrong members only, by names of bounded length', () => {
  const tags = Object.fromEntries(
    Array.from({ length: 1000 }, (_, index) => [`#${'a'.repeat(1000)}${index}`, 'a']),
  );
  const error = refusal('TagResource', JSON.stringify({ tags }), { resourceArn });
  expect(JSON.stringify(error).length).toBeLessThan(20_000);
});

it('no message repeats what was sent', () => {
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
