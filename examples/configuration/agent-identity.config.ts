/**
 * The configuration of a deployment with its own domain, key, and alarms. Copy the file to the folder of cdk.json, and
 * change the import to './bin/configuration'. It contains no secrets: names and ARNs only.
 */
import { defineConfig } from '../../bin/configuration';

const account = '111122223333';
const region = 'eu-central-1';

export default defineConfig({
  env: { account, region },
  tags: { 'cost-center': '4711' },
  deploymentName: 'identity-prod',
  trustedIssuers: [
    {
      discoveryUrl: 'https://idp.example/.well-known/openid-configuration',
      allowedClients: ['travel-app', 'travel-portal'],
    },
  ],
  domain: {
    domainName: 'identity.example.com',
    certificateArn: `arn:aws:acm:${region}:${account}:certificate/1234abcd-12ab-34cd-56ef-1234567890ab`,
    hostedZone: { hostedZoneId: 'Z0123456789ABCDEFGHIJ', zoneName: 'example.com' },
  },
  encryptionKeyArn: `arn:aws:kms:${region}:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`,
  alarmsTopicArn: `arn:aws:sns:${region}:${account}:on-call`,
  consentPage: true,
  lifetimes: { workloadAccessToken: 'PT10M' },
  quotas: { workloadIdentities: 2000 },
  throttle: { rateLimit: 500, burstLimit: 1000 },
  functions: {
    tokenExchange: { provisionedConcurrentExecutions: 2 },
    credentialRetrieval: { provisionedConcurrentExecutions: 2 },
  },
  auditRetention: 731,
  webAcl: { requestsPerFiveMinutes: 50_000 },
});
