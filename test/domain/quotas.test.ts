/** How much one owner may have, as the deployment says and as AWS has it otherwise. */
import { checkQuota, parseQuotas } from '../../lambda/domain/quotas';
import { caught } from './caught';

const AWS = { workloadIdentities: 1000, oauth2CredentialProviders: 50, apiKeyCredentialProviders: 50 };

it("are AWS's where nothing is said", () => {
  expect(parseQuotas('{}')).toEqual(AWS);
  expect(parseQuotas('{"workloadIdentities":3}')).toEqual({ ...AWS, workloadIdentities: 3 });
  expect(parseQuotas('{"apiKeyCredentialProviders":0}').apiKeyCredentialProviders).toBe(0);
});

it.each([
  ['no JSON', '{', 'quotas: not JSON; expected an object like {"workloadIdentities":1000}'],
  ['no object', '1', /^quotas: the value: /],
  ['what is no quota', '{"workloads":1}', /^quotas: workloads: /],
  ['part of one', '{"workloadIdentities":1.5}', /^quotas: workloadIdentities: /],
  ['less than none', '{"workloadIdentities":-1}', /^quotas: workloadIdentities: /],
  ['a text', '{"workloadIdentities":"1"}', /^quotas: workloadIdentities: /],
])('are refused in plain words for %s', (_what, json, message) => {
  const error = caught(() => parseQuotas(json));
  expect((error as Error).message).toMatch(message);
});

it('let an owner have as many as they say, and no more', async () => {
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
