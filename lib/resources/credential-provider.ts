/**
 * What OAuth2 and API-key credential providers have in common: who may use them.
 *
 * The service lets the workload identities of one owner use all providers of that owner, and everything that a stack
 * makes has one owner. So the policy says both halves: it allows the workload identities that were granted, and denies
 * all others, those of the same stack too. A provider that was granted to none is used by none.
 */
import type { SecretValue } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import {
  actions,
  IdentityResource,
  type Definition,
  type IdentityResourceProps,
  type KindOfResource,
  type PolicyStatementJson,
} from './identity-resource';
import type { ProviderSecret } from './provider-secret';
import type { IWorkloadIdentity } from './workload-identity';

/** A secret of AWS Secrets Manager: a reference as CDK has it, or one that says more. */
export type SecretSource = SecretValue | ProviderSecret;

export interface CredentialProviderProps extends IdentityResourceProps {
  /**
   * Name at the service, by which agents ask: 1 to 128 letters, digits, `_` and `-`. A change of it makes a new
   * provider, without the grants at the old one.
   * @default - a name made of the construct's path
   */
  readonly credentialProviderName?: string;
  /**
   * Anything that changes when the secret does, such as its version: then the secret is read and handed on again. It
   * is read at every other change of the provider too.
   * @default - a new secret is handed on at the next change of the provider
   */
  readonly secretVersion?: string;
}

export abstract class CredentialProvider extends IdentityResource {
  private readonly agents: IWorkloadIdentity[] = [];

  constructor(
    scope: Construct,
    id: string,
    kind: KindOfResource,
    private readonly operation: 'GetResourceOauth2Token' | 'GetResourceApiKey',
    props: CredentialProviderProps,
    definition: Omit<Definition, 'name' | 'secretVersion'>,
  ) {
    const { credentialProviderName: name, secretVersion } = props;
    super(scope, id, kind, props, { ...definition, name, secretVersion });
  }

  /**
   * Lets an agent get credentials of this provider: the provider's resource policy names its workload identity, and
   * the IAM principal that owns it. That the agent's role may call the operation at all, `workload.grantExchange` sees
   * to.
   *
   * @param workload an agent's workload identity
   */
  grantUse(workload: IWorkloadIdentity): void {
    if (!this.agents.includes(workload)) this.agents.push(workload);
  }

  protected statements(): PolicyStatementJson[] {
    const Action = actions([this.operation]);
    const arns = this.agents.map(({ workloadIdentityArn }) => workloadIdentityArn);
    const key = 'bedrock-agentcore:WorkloadIdentityArn';
    return [
      ...this.agents.map(({ ownerArn, workloadIdentityArn }, index): PolicyStatementJson => ({
        Sid: `Use${index + 1}`,
        Effect: 'Allow',
        Principal: { AWS: [ownerArn] },
        Action,
        Resource: '*',
        Condition: { ArnEquals: { [key]: [workloadIdentityArn] } },
      })),
      {
        Sid: 'NobodyElse',
        Effect: 'Deny',
        Principal: '*',
        Action,
        Resource: '*',
        ...(arns.length > 0 && { Condition: { ArnNotEquals: { [key]: arns } } }),
      },
    ];
  }
}
