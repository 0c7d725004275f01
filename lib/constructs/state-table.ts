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
import { PARTITION_KEY, SORT_KEY, TTL_ATTRIBUTE } from '../../lambda/adapters/dynamodb/keys';

export interface StateTableProps {
  readonly encryptionKey: IKey;
  /** Whether DynamoDB removes items after their end. */
  readonly ttl: boolean;
}

export class StateTable extends Construct {
  readonly tableName: string;
  readonly tableArn: string;

  constructor(scope: Construct, id: string, props: StateTableProps) {
    super(scope, id);
    const table = new CfnGlobalTable(this, 'Table', {
      attributeDefinitions: [PARTITION_KEY, SORT_KEY].map((attributeName) => ({
        attributeName,
        attributeType: AttributeType.STRING,
      })),
      keySchema: [
        { attributeName: PARTITION_KEY, keyType: 'HASH' },
        { attributeName: SORT_KEY, keyType: 'RANGE' },
      ],
      billingMode: BillingMode.PAY_PER_REQUEST,
      sseSpecification: { sseEnabled: true, sseType: 'KMS' },
      ...(props.ttl && { timeToLiveSpecification: { attributeName: TTL_ATTRIBUTE, enabled: true } }),
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
