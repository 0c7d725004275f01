/** The record in an item of DynamoDB. Nearly all attributes have one of four types, whose conversion by the AWS SDK costs more. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { convertToNative } from '@aws-sdk/util-dynamodb';

type Attributes = Readonly<Record<string, AttributeValue>>;

function valueOf(attribute: AttributeValue): unknown {
  const { S, N, M, BOOL } = attribute;
  if (S !== undefined) return S;
  if (M !== undefined) return recordOf(M);
  if (BOOL !== undefined) return BOOL;
  // A larger number would not be the one that is stored.
  if (N !== undefined && Math.abs(Number(N)) <= Number.MAX_SAFE_INTEGER) return Number(N);
  return attribute.L?.map(valueOf) ?? convertToNative(attribute);
}

export function recordOf(item: Attributes): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const name of Object.keys(item)) record[name] = valueOf(item[name]!);
  return record;
}
