/**
 * One of the four tables: on demand, point-in-time recovery, protected from deletion, encrypted with the
 * customer managed key, and kept when the stack goes. A global table of one replica, so that more can be
 * added without moving data; written out as CloudFormation has it, because CDK's TableV2 takes a customer
 * managed key only where the region is known at synthesis.
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
} from '../../lambda/adapters/dynamodb/keys';

export interface StateTableProps {
  readonly encryptionKey: IKey;
  readonly shape: TableShape;
}

export class StateTable extends Construct {
  readonly tableName: string;
  readonly tableArn: string;

  constructor(scope: Construct, id: string, props: StateTableProps) {
    super(scope, id);
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
      replicas: [
        {
          region: Aws.REGION,
          sseSpecification: { kmsMasterKeyId: props.encryptionKey.keyArn },
          pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
          deletionProtectionEnabled: true,
        },
      ],
    });
    table.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.tableName = table.ref;
    this.tableArn = table.attrArn;
  }
}
