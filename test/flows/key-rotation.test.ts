/**
 * Keys are rotated while the service runs: agents, verifiers and the vault go on across it, with what was issued and
 * sealed before. The function is invoked as operators and the schedule do, also by somebody who should not be trusted.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { createTable } from '../../lambda/adapters/dynamodb/table';
import { grantKey } from '../../lambda/adapters/dynamodb/keys';
import { localFunctionName } from '../../lib/local/gateway-event';
import { moveClock } from './support/clock';
import { World } from './support/world';

const LEAD = 15 * 60;
const MEMORY = 5 * 60;

let world: World;
let lambda: LambdaClient;
beforeAll(async () => {
  world = await World.start({ issueRefreshToken: () => Promise.resolve(true) });
  lambda = new LambdaClient({});
});
afterAll(() => world.stop());

async function invoke(event: object): Promise<{ failed: boolean; answer: Record<string, unknown> }> {
  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({
      FunctionName: localFunctionName('key-rotation'),
      Payload: Buffer.from(JSON.stringify(event)),
    }),
  );
  const answer = JSON.parse(Buffer.from(Payload ?? []).toString('utf8')) as Record<string, unknown>;
  return { failed: FunctionError !== undefined, answer };
}
