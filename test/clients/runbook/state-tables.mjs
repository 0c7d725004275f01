/**
 * DynamoDB with the tables of the stacks, with deletion protection. One of them has lost a record that its restored copy
 * has.
 */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import dynalite from 'dynalite';

const key = (name) => [{ AttributeName: name, KeyType: name === 'pk' ? 'HASH' : 'RANGE' }];

/** The suspension of an agent. */
const LOST = {
  pk: { S: 'RESTRICTION#AGENT#travel-agent' },
  sk: { S: 'RECORD' },
  recordVersion: { N: '1' },
  name: { S: 'travel-agent' },
  suspendedByOperator: {
    M: { since: { N: '1769860800' }, by: { S: 'arn:aws:iam::000000000000:role/operator' } },
  },
  revision: { N: '1' },
};

export class StateTables {
  /** By the name of the restored table: what DescribeTable says of it. */
  summaries = new Map();
  protectedTables = new Set();

  /** @param keyArn of the KMS key with which the tables are encrypted */
  static async start(names, keyArn) {
    const tables = new StateTables();
    tables.encryption = { Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: keyArn };
    tables.server = dynalite({ createTableMs: 0, deleteTableMs: 0 });
    tables.server.listen(0, '127.0.0.1');
    await once(tables.server, 'listening');
    for (const name of names) {
      await tables.create(name);
      tables.protectedTables.add(name);
    }
    return tables;
  }

  async stop() {
    this.server.close();
    await once(this.server, 'close');
  }

  async send(operation, input) {
    const { status, body } = await this.forward(
      {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        'x-amz-date': '20260131T120000Z',
        authorization:
          'AWS4-HMAC-SHA256 Credential=a/20260131/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=a',
      },
      JSON.stringify(input),
    );
    if (status !== 200) throw new Error(`${operation}: ${body}`);
    return JSON.parse(body);
  }

  async create(TableName) {
    await this.send('CreateTable', {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [...key('pk'), ...key('sk')],
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    });
    for (;;) {
      const { Table } = await this.send('DescribeTable', { TableName });
      if (Table.TableStatus === 'ACTIVE') return Table;
    }
  }

  fill(TableName) {
    return this.send('PutItem', { TableName, Item: LOST });
  }

  async forward(received, body) {
    const headers = Object.fromEntries(
      Object.entries(received).filter(([name]) => !['host', 'connection', 'content-length'].includes(name)),
    );
    const response = await globalThis.fetch(`http://127.0.0.1:${this.server.address().port}`, {
      method: 'POST',
      headers,
      body: Buffer.from(body),
    });
    return {
      status: response.status,
      type: 'application/x-amz-json-1.0',
      body: await response.text(),
    };
  }

  async answer(headers, body) {
    const input = JSON.parse(body);
    const operation = headers['x-amz-target'].split('.').at(-1);
    if (operation === 'RestoreTableToPointInTime') return { body: JSON.stringify(await this.restore(input)) };
    if (operation === 'UpdateTable' && input.DeletionProtectionEnabled === false) {
      this.protectedTables.delete(input.TableName);
      return { body: JSON.stringify({ TableDescription: { TableStatus: 'UPDATING' } }) };
    }
    if (operation === 'DeleteTable' && this.protectedTables.has(input.TableName)) {
      throw new Error(`deletion protection is on: ${input.TableName}`);
    }
    const response = await this.forward(headers, body);
    if (operation !== 'DescribeTable' || response.status !== 200) return response;
    const { Table } = JSON.parse(response.body);
    const more = { SSEDescription: this.encryption, RestoreSummary: this.summaries.get(input.TableName) };
    return { ...response, body: JSON.stringify({ Table: { ...Table, ...more } }) };
  }

  async restore({ SourceTableName, TargetTableName, RestoreDateTime, SSESpecificationOverride }) {
    const { KMSMasterKeyId } = SSESpecificationOverride;
    if (KMSMasterKeyId !== this.encryption.KMSMasterKeyArn) throw new Error(`another key: ${KMSMasterKeyId}`);
    const { Table } = await this.send('DescribeTable', { TableName: SourceTableName });
    await this.create(TargetTableName);
    if (SourceTableName.includes('DirectoryTable')) {
      await this.fill(TargetTableName);
    }
    this.summaries.set(TargetTableName, {
      RestoreDateTime,
      RestoreInProgress: false,
      SourceTableArn: Table.TableArn,
    });
    return { TableDescription: { TableName: TargetTableName, TableStatus: 'CREATING' } };
  }
}
