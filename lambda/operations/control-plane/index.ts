import { apiKeyCredentialProvider } from './api-key-credential-provider';
import { consentPortal } from './consent-portal';
import { gateway } from './gateway';
import { gatewayRateLimit } from './gateway-rate-limit';
import { gatewayTarget } from './gateway-target';
import { oauth2CredentialProvider } from './oauth2-credential-provider';
import { policyEngine } from './policy-engine';
import { resourcePolicy } from './resource-policy';
import { tags } from './tags';
import { workloadIdentity } from './workload-identity';

export const CONTROL_PLANE = {
  ...workloadIdentity,
  ...oauth2CredentialProvider,
  ...apiKeyCredentialProvider,
  ...consentPortal,
  ...gatewayTarget,
  ...gatewayRateLimit,
  ...gateway,
  ...policyEngine,
  ...tags,
  ...resourcePolicy,
};
