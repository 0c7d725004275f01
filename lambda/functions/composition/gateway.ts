/**
 * Composition of the two functions of gateways. Neither can open the vault, sign a token, or write the directory: the gateway
 * function is a caller of the identity service.
 */
import { setTimeout } from 'node:timers/promises';
import type { DynamoDb } from '../../adapters/dynamodb/client';
import { createGatewayReader } from '../../adapters/dynamodb/gateway-reader';
import type { ConnectionPolicy } from '../../adapters/http/connection-policy';
import { forward } from '../../adapters/http/forward';
import type { IdentityService } from '../../adapters/identity/identity-requests';
import { createResourceCredentials } from '../../adapters/identity/resource-credentials';
import { createWorkloadTokens } from '../../adapters/identity/workload-tokens';
import { system } from '../../adapters/system';
import type { Forward } from '../../domain/gateway/exchange';
import type { GatewayUrls } from '../../domain/gateway/manage/gateway';
import type { Pause } from '../../domain/gateway/revocation-watch';
import type { AuthorizerHandler } from '../../gate/authorizer-handler';
import { createGatewayAuthorizerHandler } from '../../gate/gateway-authorizer-handler';
import { createGatewayHandler, type GatewayHandler } from '../../gate/gateway-handler';
import { issuerReaders } from './issuer-readers';
import { audit, refuseForgedBy, report, requests } from './logging';

/** A timer that outlived its request would keep a process running. */
const pause: Pause = (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal });

export interface GatewayAuthorizerEnvironment {
  readonly endpointPolicy: ConnectionPolicy;
  /** Digest of the stage secret of the APIs. */
  readonly stageSecretHash: string;
  readonly bases: Required<GatewayUrls>;
  readonly dynamodb: DynamoDb;
  readonly directoryTable: string;
}

export interface GatewayEnvironment extends GatewayAuthorizerEnvironment {
  /** Address of the identity service, and credentials if they differ from the function's own. */
  readonly identity: IdentityService;
}

export function composeGateway({ identity, ...environment }: GatewayEnvironment): GatewayHandler {
  const { endpointPolicy, bases, dynamodb, directoryTable, stageSecretHash } = environment;
  const deps = {
    ...issuerReaders(endpointPolicy),
    gateways: createGatewayReader(dynamodb, directoryTable),
    workloadTokens: createWorkloadTokens(identity, 'gateway'),
    credentials: createResourceCredentials(identity),
    forward: ((url, request) => forward(url, request, endpointPolicy)) satisfies Forward,
    audit,
    requests,
    refuseForged: refuseForgedBy(stageSecretHash),
    system,
    bases,
    endpointPolicy,
    pause,
  };
  return createGatewayHandler(deps, report);
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
