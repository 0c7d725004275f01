/**
 * The records that an authorization decision needs, in one strongly consistent read: a suspension or revocation applies
 * from the next request. The warm path of a stored grant is this one read.
 */
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import type { Workload } from '../identity/workload-identity';
import type { IdentityReader, Restrictions } from '../restriction/restriction';
import type { Oauth2Provider } from '../../model/provider/record';
import type { ApiKeyProvider } from '../../model/records/api-key-provider';
import type { Grant } from '../../model/records/grant';
import type { GrantId } from '../../model/grant-id';

export interface DirectoryEntry {
  readonly identity: WorkloadIdentity | undefined;
  readonly provider: Oauth2Provider | undefined;
  readonly grant: Grant | undefined;
  readonly restrictions: Restrictions;
}

export interface ApiKeyEntry {
  readonly identity: WorkloadIdentity | undefined;
  readonly provider: ApiKeyProvider | undefined;
  /** The encrypted API key of the provider; undefined if the provider does not have the expected ID, or has no key here. */
  readonly sealedApiKey: string | undefined;
  readonly restrictions: Restrictions;
}

export interface Directory extends IdentityReader {
  /**
   * Returns the records under these names.
   *
   * @param workloadName name of the workload identity
   * @param providerName name of the credential provider
   * @param userHash hash of the user that the agent acts for; undefined if the request does not identify one
   * @param grantId the grant to read with them, if any
   * @param chain the agents before the agent, if any
   */
  read(
    workloadName: string,
    providerName: string,
    userHash: string | undefined,
    grantId?: GrantId,
    chain?: readonly Workload[],
  ): Promise<DirectoryEntry>;
  /**
   * Returns the records for an API key provider. The other parameters are those of {@link Directory.read}.
   *
   * @param expectedId the ID that the provider probably has; its encrypted API key is read in the same round trip
   */
  readApiKeyProvider(
    workloadName: string,
    providerName: string,
    userHash: string,
    chain?: readonly Workload[],
    expectedId?: string,
  ): Promise<ApiKeyEntry>;
}
