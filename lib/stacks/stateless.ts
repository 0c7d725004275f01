/** What can be thrown away and deployed again: the functions, their roles, the API and the logs' settings. */
import { CfnOutput, Stack, Token, type StackProps } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { FunctionGroup } from '../../lambda/api/operations';
import { parseTrustedIssuers, type TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import { endpointFault } from '../../lambda/domain/provider/endpoint';
import { parseQuotas, type Quotas } from '../../lambda/domain/quotas';
import { GroupFunction } from '../constructs/group-function';
import { IdentityApi, type Throttle } from '../constructs/identity-api';
import type { State } from '../constructs/state';

const KMS_KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[a-zA-Z0-9-]{36}$/;

export interface StatelessStackProps extends StackProps {
  /** Tables and key, as a StatefulStack makes them. */
  readonly state: State;
  /**
   * Issuers whose user tokens are believed, for workload identities without an authorizer configuration of their
   * own. One issuer may stand here several times, each time with other conditions.
   * @default - none: GetWorkloadAccessTokenForJWT refuses every token
   */
  readonly trustedIssuers?: readonly TrustedIssuer[];
  /**
   * How many workload identities and credential providers one owner may have.
   * @default - AWS's: 1000 workload identities, 50 credential providers of each kind
   */
  readonly quotas?: Partial<Quotas>;
  /**
   * ARNs of the KMS keys that the token vault may be moved to by SetTokenVaultCMK, beside the deployment's own:
   * symmetric encryption keys of this region, whose key policies leave their use to this account's IAM policies.
   * A key that the vault is under must stay in the list.
   * @default - none: the vault stays under the deployment's own key
   */
  readonly tokenVaultKeys?: readonly string[];
  /**
   * How long logs are kept, the audit trail in them included. Log groups outlive the stack.
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;
  /**
   * Limits of the whole API.
   * @default - 100 requests per second, 200 at once
   */
  readonly throttle?: Throttle;
}

/**
 * @throws Error in plain words when an entry is malformed, names nobody whose tokens it takes, or is no https endpoint
 */
function checkTrustedIssuers(issuers: readonly TrustedIssuer[]): readonly TrustedIssuer[] {
  const checked = parseTrustedIssuers(JSON.stringify(issuers));
  for (const { discoveryUrl } of checked) {
    const fault = endpointFault(discoveryUrl, { loopback: false });
    if (fault !== undefined) throw new Error(`trusted issuers: ${discoveryUrl}: ${fault}`);
  }
  return checked;
}

/** @throws Error in plain words for what is not the ARN of a key, such as that of an alias or a pattern */
function checkTokenVaultKeys(arns: readonly string[]): readonly string[] {
  const other = arns.find((arn) => !Token.isUnresolved(arn) && !KMS_KEY_ARN.test(arn));
  if (other !== undefined) {
    throw new Error(`token vault keys: ${other}: must be the ARN of a KMS key (arn:aws:kms:…:key/…)`);
  }
  return arns;
}

export class StatelessStack extends Stack {
  constructor(scope: Construct, id: string, props: StatelessStackProps) {
    super(scope, id, props);
    const { state } = props;
    const logRetention = props.logRetention ?? RetentionDays.THREE_MONTHS;
    const trustedIssuers = checkTrustedIssuers(props.trustedIssuers ?? []);
    const tokenVaultKeys = checkTokenVaultKeys(props.tokenVaultKeys ?? []);
    const quotas = parseQuotas(JSON.stringify(props.quotas ?? {}));
    const api = new IdentityApi(this, 'Api', {
      encryptionKey: state.encryptionKey,
      logRetention,
      throttle: props.throttle ?? {},
    });
    const groupFunction = (group: FunctionGroup, providerClient?: GroupFunction) =>
      new GroupFunction(this, {
        group,
        state,
        baseUrl: api.baseUrl,
        trustedIssuers,
        quotas,
        tokenVaultKeys,
        logRetention,
        ...(providerClient && { providerClient }),
      });
    const providerClient = groupFunction('provider-client');
    api.addRoutes({
      'control-plane': groupFunction('control-plane'),
      'token-exchange': groupFunction('token-exchange'),
      'credential-retrieval': groupFunction('credential-retrieval', providerClient),
      'oauth-callback': groupFunction('oauth-callback', providerClient),
      'token-vault': groupFunction('token-vault'),
    });
    new CfnOutput(this, 'Endpoint', {
      value: api.baseUrl,
      description: 'Endpoint for AWS clients (signing name execute-api); no trailing slash',
    });
  }
}
