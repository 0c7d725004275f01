/**
 * One of the four tables: on demand, point-in-time recovery, protected from deletion, encrypted with the
 * customer managed key, and kept when the stack goes. A global table of one replica, so that more can be
 * added without moving data; written out as CloudFormation has it, because CDK's TableV2 takes a customer
 * managed key only where the region is known at synthesis.
 *
 * Copies in other Regions are for the day when this Region is lost. Global tables settle writes of two Regions by the
 * last one, so single use, leases and generations hold only while one Region writes.
 * Source: CloudFormation template reference, "AWS::DynamoDB::GlobalTable".
 */
import { Aws, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, CfnGlobalTable } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import {
  keyAttributes,
  PARTITION_KEY,
  SORT_KEY,
  TTL_ATTRIBUTE,
  type TableShape,
} from '../../lambda/contract/table-keys';

/** A copy of the tables in another Region. */
export interface TableReplica {
  /** Another Region than the stack's. */
  readonly region: string;
  /**
   * ARN of a symmetric KMS key of that Region, which encrypts the copy; DynamoDB takes no key of another Region. For
   * what the copy holds to be of use there, vault keys and signing keys must open there too: so the deployment's
   * `encryptionKey` is a multi-Region key, and this is its replica.
   */
  readonly encryptionKeyArn: string;
}

export interface StateTableProps {
  readonly encryptionKey: IKey;
  readonly shape: TableShape;
  readonly replicas: readonly TableReplica[];
  readonly removalPolicy: RemovalPolicy;
}

export class StateTable extends Construct {
  readonly tableName: string;
  readonly tableArn: string;

  constructor(scope: Construct, id: string, props: StateTableProps) {
    super(scope, id);
    const deletionProtectionEnabled = props.removalPolicy !== RemovalPolicy.DESTROY;
    const replica = (
      region: string,
      kmsMasterKeyId: string,
    ): CfnGlobalTable.ReplicaSpecificationProperty => ({
      region,
      sseSpecification: { kmsMasterKeyId },
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtectionEnabled,
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
          projection: { projectionType: projection },
        })),
      }),
      ...(props.shape.ttl && { timeToLiveSpecification: { attributeName: TTL_ATTRIBUTE, enabled: true } }),
      // Which copies are made by (CloudFormation template reference, `StreamSpecification`).
      ...(props.replicas.length > 0 && { streamSpecification: { streamViewType: 'NEW_AND_OLD_IMAGES' } }),
      replicas: [
        replica(Aws.REGION, props.encryptionKey.keyArn),
        ...props.replicas.map(({ region, encryptionKeyArn }) => replica(region, encryptionKeyArn)),
      ],
    });
    table.applyRemovalPolicy(props.removalPolicy);
    this.tableName = table.ref;
    this.tableArn = table.attrArn;
  }
}
