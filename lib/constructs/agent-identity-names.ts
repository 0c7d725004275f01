/** The names of the props of AgentIdentity, for stacks in JavaScript. */
import type { IdentityServiceProps } from './identity-service';
import type { IdentityStateProps } from './identity-state';
import type { PropNames } from './prop-names';

export const AGENT_IDENTITY_PROPS: PropNames<IdentityServiceProps & IdentityStateProps> = {
  deploymentName: 'optional',
  trustedIssuers: 'optional',
  quotas: 'optional',
  lifetimes: 'optional',
  consentPage: 'optional',
  tokenVaultKeys: 'optional',
  logRetention: 'optional',
  auditRetention: 'optional',
  auditTrail: 'optional',
  alarmsTopic: 'optional',
  runbook: 'optional',
  throttle: 'optional',
  cloudWatchRole: 'optional',
  functions: 'optional',
  gateways: 'optional',
  deploymentConfig: 'optional',
  domain: 'optional',
  securityPolicy: 'optional',
  ipAddressType: 'optional',
  privateApi: 'optional',
  network: 'optional',
  privateDestinations: 'optional',
  latticeResources: 'optional',
  callers: 'optional',
  webAcl: 'optional',
  encryptionKey: 'optional',
  multiRegionKey: 'optional',
  replicas: 'optional',
  removalPolicy: 'optional',
  contributorInsights: 'optional',
  namesInMetrics: 'optional',
};
