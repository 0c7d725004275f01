/** Quotas as props. They are checked at synthesis. */
import { parseQuotas, type Quotas } from '../../lambda/domain/quotas';

/** How many resources one owner can have. Concurrent creations can exceed these quotas. */
export interface QuotaProps {
  /**
   * Number of workload identities.
   * @default 1000
   */
  readonly workloadIdentities?: number;
  /**
   * Number of OAuth 2.0 credential providers.
   * @default 50
   */
  readonly oauth2CredentialProviders?: number;
  /**
   * Number of API key credential providers.
   * @default 50
   */
  readonly apiKeyCredentialProviders?: number;
  /**
   * Number of consent portals.
   * @default 50
   */
  readonly consentPortals?: number;
  /**
   * Number of gateways.
   * @default 1000
   */
  readonly gateways?: number;
  /**
   * Number of policy engines.
   * @default 1000
   */
  readonly policyEngines?: number;
  /**
   * Number of targets of a gateway.
   * @default 100
   */
  readonly targetsPerGateway?: number;
}

/** @throws Error for a quota that is not a whole number, or does not exist */
export const checkQuotas = (quotas: QuotaProps): Quotas => parseQuotas(JSON.stringify(quotas));
