/** What can be thrown away and deployed again: the functions, their roles, the API and the logs' settings. */
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { FunctionGroup } from '../../lambda/api/operations';
import { parseTrustedIssuers, type TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import { GroupFunction } from '../constructs/group-function';
import { IdentityApi, type Throttle } from '../constructs/identity-api';
import type { State } from '../constructs/state';

export interface StatelessStackProps extends StackProps {
  /** Tables and key, as a StatefulStack makes them. */
  readonly state: State;
  /**
   * Issuers whose user tokens are believed.
   * @default - none: GetWorkloadAccessTokenForJWT refuses every token
   */
  readonly trustedIssuers?: readonly TrustedIssuer[];
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
 * @throws Error in plain words when an entry is malformed, names nobody whose tokens it takes, or is not https
 */
function checkTrustedIssuers(issuers: readonly TrustedIssuer[]): readonly TrustedIssuer[] {
  const checked = parseTrustedIssuers(JSON.stringify(issuers));
  const insecure = checked.find(({ discoveryUrl }) => !discoveryUrl.startsWith('https://'));
  if (insecure) throw new Error(`trusted issuers: ${insecure.discoveryUrl}: must be https`);
  return checked;
}

export class StatelessStack extends Stack {
  constructor(scope: Construct, id: string, props: StatelessStackProps) {
    super(scope, id, props);
    const { state } = props;
    const logRetention = props.logRetention ?? RetentionDays.THREE_MONTHS;
    const trustedIssuers = checkTrustedIssuers(props.trustedIssuers ?? []);
    const api = new IdentityApi(this, 'Api', {
      encryptionKey: state.encryptionKey,
      logRetention,
      throttle: props.throttle ?? {},
    });
    const groupFunction = (group: FunctionGroup) =>
      new GroupFunction(this, { group, state, baseUrl: api.baseUrl, trustedIssuers, logRetention });
    api.addRoutes({
      'control-plane': groupFunction('control-plane'),
      'token-exchange': groupFunction('token-exchange'),
      'credential-retrieval': groupFunction('credential-retrieval'),
      'oauth-callback': groupFunction('oauth-callback'),
    });
    new CfnOutput(this, 'Endpoint', {
      value: api.baseUrl,
      description: 'Endpoint for AWS clients (signing name execute-api); no trailing slash',
    });
  }
}
