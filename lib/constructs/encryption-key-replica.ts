/**
 * A replica of a deployment's multi-Region key, for the replicas of its tables and for its functions in another Region. It
 * has the same key material, and its own key policy, which delegates to IAM like that of the primary key.
 * Source: AWS KMS developer guide, "Create multi-Region replica keys".
 */
import { RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { AccountRootPrincipal, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnReplicaKey, Key, type IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

const MULTI_REGION_KEY = /:key\/(mrk-[0-9a-f]{32})$/;

/** The primary keys of the replicas in this app, whose own ARNs are known only at deployment. */
const PRIMARY_KEY_ARNS = new WeakMap<IKey, string>();

/**
 * Returns the ID of a multi-Region key, which its replicas have too; undefined if it is known only at deployment.
 *
 * @param key or its ARN
 */
export function multiRegionKeyId(key: IKey | string): string | undefined {
  const arn = typeof key === 'string' ? key : (PRIMARY_KEY_ARNS.get(key) ?? key.keyArn);
  return MULTI_REGION_KEY.exec(arn)?.[1];
}

/** Returns the Region in the ARN of a replica's primary key; undefined if it is not known. */
export function primaryKeyRegion(key: IKey): string | undefined {
  const region = PRIMARY_KEY_ARNS.get(key)?.split(':')[3];
  return region === undefined || Token.isUnresolved(region) ? undefined : region;
}

/**
 * Checks that a key can have replicas, as far as its ARN is known.
 *
 * @throws Error that begins with the name of the setting
 */
export function checkMultiRegionKey(setting: string, keyArn: string): void {
  if (Token.isUnresolved(keyArn) || MULTI_REGION_KEY.test(keyArn)) return;
  throw new Error(`${setting} must be the ARN of a multi-Region key (…:key/mrk-…)`);
}

export interface EncryptionKeyReplicaProps {
  /** ARN of the deployment's key, a multi-Region key, in the Region of its stack. */
  readonly primaryKeyArn: string;
  /**
   * What happens to the replica when it leaves the stack. The key itself stays, and can get another replica.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** A replica of the deployment's key in the Region of its stack. */
export class EncryptionKeyReplica extends Construct {
  /** The replica. */
  readonly key: IKey;

  constructor(scope: Construct, id: string, props: EncryptionKeyReplicaProps) {
    super(scope, id);
    checkMultiRegionKey(`${this.node.path}: primaryKeyArn`, props.primaryKeyArn);
    if (props.primaryKeyArn.split(':')[3] === Stack.of(this).region) {
      throw new Error(`${this.node.path}: primaryKeyArn must be a key of another Region than the stack's`);
    }
    const replica = new CfnReplicaKey(this, 'Replica', {
      primaryKeyArn: props.primaryKeyArn,
      description: 'agent-identity: replica of the key that wraps vault and signing keys, encrypts tables',
      keyPolicy: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ['kms:*'],
            principals: [new AccountRootPrincipal()],
            resources: ['*'],
          }),
        ],
      }),
    });
    replica.applyRemovalPolicy(props.removalPolicy ?? RemovalPolicy.RETAIN);
    this.key = Key.fromKeyArn(this, 'Key', replica.attrArn);
    PRIMARY_KEY_ARNS.set(this.key, props.primaryKeyArn);
  }
}
