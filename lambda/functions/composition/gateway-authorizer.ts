/** Composition of the authorizer of gateways, and the environment that it shares with the gateway function. */
import type { DynamoDb } from '../../adapters/dynamodb/client';
import { createGatewayReader } from '../../adapters/dynamodb/gateway-reader';
import type { ConnectionPolicy } from '../../adapters/http/connection-policy';
import type { GatewayUrls } from '../../domain/gateway/manage/gateway';
import type { AuthorizerHandler } from '../../gate/authorizer-handler';
import { createGatewayAuthorizerHandler } from '../../gate/gateway-authorizer-handler';
import { issuerReaders } from './issuer-readers';
import { audit, refuseForgedBy, report, requests } from './logging';

export interface GatewayAuthorizerEnvironment {
  readonly endpointPolicy: ConnectionPolicy;
  /** Digest of the stage secret of the APIs. */
  readonly stageSecretHash: string;
  readonly bases: Required<GatewayUrls>;
  readonly dynamodb: DynamoDb;
  readonly directoryTable: string;
}

export function composeGatewayAuthorizer({
  endpointPolicy,
  bases,
  dynamodb,
  directoryTable,
  stageSecretHash,
}: GatewayAuthorizerEnvironment): AuthorizerHandler {
  const deps = {
    userTokens: issuerReaders(endpointPolicy).userTokens,
    gateways: createGatewayReader(dynamodb, directoryTable),
    audit,
    requests,
    refuseForged: refuseForgedBy(stageSecretHash),
    bases,
  };
  return createGatewayAuthorizerHandler(deps, report);
}
