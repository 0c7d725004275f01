/**
 * One of the tables. It has on-demand capacity, point-in-time recovery, deletion protection, and encryption under
 * the customer managed key, and it stays when the stack is deleted. It is a global table with one replica, so that
 * operators can add replicas without moving data. It uses the CloudFormation resource, because CDK's TableV2 takes a
 * customer managed key only if the Region is known at synthesis.
 *
 * Replicas in other Regions are for the loss of this Region. In a global table, the last write wins. Single use, leases,
 * and generations therefore hold only while one Region writes (docs/another-region.md).
 * Source: CloudFormation template reference, "AWS::DynamoDB::GlobalTable".
 */
import {
  Aws,
  CfnDeletionPolicy,
  Lazy,
  TagManager,
  TagType,
  type CfnTag,
  type ITaggableV2,
  type RemovalPolicy,
} from 'aws-cdk-lib';
import { AttributeType, BillingMode, CfnGlobalTable } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import {
  keyAttributes,
  PARTITION_KEY,
  SORT_KEY,
  TTL_ATTRIBUTE,
  type TableShape,
} from '../../lambda/model/table-keys';

/** A replica of the tables in another Region. */
export interface TableReplica {
  /** A Region other than the stack's. */
  readonly region: string;
  /**
   * ARN of the replica of the deployment's key in that Region: the `key` of an `EncryptionKeyReplica`. DynamoDB encrypts
   * the tables there with it, and the functions there open vault keys and signing keys with it.
   */
  readonly encryptionKeyArn: string;
}

export interface StateTableProps {
  readonly encryptionKey: IKey;
  readonly shape: TableShape;
  readonly replicas: readonly TableReplica[];
  readonly contributorInsights: boolean;
  readonly removalPolicy: RemovalPolicy;
}

/** `Tags.of` does not reach the CloudFormation resource, so the construct takes the tags, and every replica gets them. */
export class StateTable extends Construct implements ITaggableV2 {
  readonly cdkTagManager = new TagManager(TagType.STANDARD, CfnGlobalTable.CFN_RESOURCE_TYPE_NAME);
  readonly tableName: string;
  readonly tableArn: string;

  constructor(scope: Construct, id: string, props: StateTableProps) {
    super(scope, id);
    const replica = (
      region: string,
      kmsMasterKeyId: string,
    ): CfnGlobalTable.ReplicaSpecificationProperty => ({
      region,
      sseSpecification: { kmsMasterKeyId },
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // Aspects, such as those of `RemovalPolicies`, can replace the removal policy.
      deletionProtectionEnabled: table.cfnOptions.deletionPolicy !== CfnDeletionPolicy.DELETE,
      ...(props.contributorInsights && {
        contributorInsightsSpecification: { enabled: true, mode: 'THROTTLED_KEYS' },
      }),
      tags: this.cdkTagManager.renderTags() as CfnTag[],
    });
    const table = new CfnGlobalTable(this, 'Table', {
      attributeDefinitions: keyAttributes(props.shape).map((attributeName) => ({
        attributeName,
        attributeType: AttributeType.STRING,
      })),
      keySchema: [
        { attributeName: PARTITION_KEY, keyType: 'HASH' },
        { attributeName: SORT_KEY, keyType: 'RANGE' },
      ],
      billingMode: BillingMode.PAY_PER_REQUEST,
      sseSpecification: { sseEnabled: true, sseType: 'KMS' },
      ...(props.shape.indexes.length > 0 && {
        globalSecondaryIndexes: props.shape.indexes.map(({ name, partition, sort, projection }) => ({
          indexName: name,
          keySchema: [
            { attributeName: partition, keyType: 'HASH' },
            { attributeName: sort, keyType: 'RANGE' },
          ],
          projection:
            typeof projection === 'string'
              ? { projectionType: projection }
              : { projectionType: 'INCLUDE', nonKeyAttributes: [...projection] },
        })),
      }),
      ...(props.shape.ttl && { timeToLiveSpecification: { attributeName: TTL_ATTRIBUTE, enabled: true } }),
      // Replication needs the stream (CloudFormation template reference, `StreamSpecification`).
      ...(props.replicas.length > 0 && { streamSpecification: { streamViewType: 'NEW_AND_OLD_IMAGES' } }),
      // Aspects add tags, and change the removal policy, after this.
      replicas: Lazy.any({
        produce: () => [
          replica(Aws.REGION, props.encryptionKey.keyArn),
          ...props.replicas.map(({ region, encryptionKeyArn }) => replica(region, encryptionKeyArn)),
        ],
      }),
    });
    table.applyRemovalPolicy(props.removalPolicy);
    this.tableName = table.ref;
    this.tableArn = table.attrArn;
  }
}
