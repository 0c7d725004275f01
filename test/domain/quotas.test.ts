/** The number of resources that one owner can have: the deployment's quotas, or the defaults of AWS. */
import { checkQuota, parseQuotas } from '../../lambda/domain/quotas';
import { caught } from './caught';

const AWS = {
  workloadIdentities: 1000,
  oauth2CredentialProviders: 50,
  apiKeyCredentialProviders: 50,
  consentPortals: 50,
  gateways: 1000,
  policyEngines: 1000,
  targetsPerGateway: 100,
};

it('the defaults are the quotas of AWS, and each can be configured separately', () => {
  expect(parseQuotas('{}')).toEqual(AWS);
  expect(parseQuotas('{"workloadIdentities":3}')).toEqual({ ...AWS, workloadIdentities: 3 });
  expect(parseQuotas('{"apiKeyCredentialProviders":0}').apiKeyCredentialProviders).toBe(0);
});

it.each([
  ['text that is not JSON', '{', 'quotas must be JSON: an object like {"workloadIdentities":1000}'],
  ['a number in place of the object', '1', /^quotas must be an object$/],
  ['an unknown quota', '{"workloads":1}', /^quotas\.workloads is not a member/],
  ['a fraction', '{"workloadIdentities":1.5}', /^quotas\.workloadIdentities must be /],
  ['a negative number', '{"workloadIdentities":-1}', /^quotas\.workloadIdentities must be /],
  ['a string', '{"workloadIdentities":"1"}', /^quotas\.workloadIdentities must be /],
])('the configuration is rejected with a plain message for %s', (_what, json, message) => {
  const error = caught(() => parseQuotas(json));
  expect((error as Error).message).toMatch(message);
});

it('an owner can create resources up to the quota, and no more', async () => {
  const quotas = parseQuotas('{"workloadIdentities":2}');
  const check = (count: number) =>
    checkQuota({ count: () => Promise.resolve(count) }, { arn: 'owner' }, quotas, 'workloadIdentities');
  await check(1);
  await expect(check(2)).rejects.toMatchObject({
    name: 'ServiceQuotaExceededException',
    message:
      'You have reached the quota "workloadIdentities": 2. Delete some resources, or ask the operator to raise the quota.',
  });
});
