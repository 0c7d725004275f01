/**
 * The routes of the gateways with one kind of authorization, for both the construct and the local gateway. Below the ID of a
 * gateway, and nowhere else, a path is greedy.
 */
import { METADATA_PATH } from '../gate/challenge';
import { preflightRoutes } from '../gate/gate-routes';
import type { GatewayAuthorizerType } from '../../model/gateway/gateway-configuration';

/** The methods that a target can get. */
export const FORWARDED_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type ForwardedMethod = (typeof FORWARDED_METHODS)[number];

export interface GatewayRoute {
  readonly method: ForwardedMethod | 'OPTIONS';
  /** Path template in API Gateway's notation, relative to the stage. */
  readonly path: string;
  /** `IAM`: SigV4, checked by API Gateway. `JWT`: the authorizer. `NONE`: everyone. */
  readonly auth: 'IAM' | 'JWT' | 'NONE';
}

export const TARGET_PATH = '/{gatewayId}/{targetName}';
export const BELOW_TARGET_PATH = `${TARGET_PATH}/{path+}`;
/** RFC 9728 section 3.1: the resource's path follows the well-known path. */
export const GATEWAY_METADATA_PATH = `${METADATA_PATH}/{gatewayId}/{path+}`;

/** @param allowedOrigins of web pages that can call the gateways with user tokens; undefined for none */
export function gatewayRoutes(
  authorizerType: GatewayAuthorizerType,
  allowedOrigins?: readonly string[],
): readonly GatewayRoute[] {
  const paths = [TARGET_PATH, BELOW_TARGET_PATH];
  const auth = authorizerType === 'CUSTOM_JWT' ? 'JWT' : 'IAM';
  const forwarded = paths.flatMap((path) =>
    FORWARDED_METHODS.map((method) => ({ method, path, auth }) as const),
  );
  if (auth === 'IAM') return forwarded;
  const routes = [...forwarded, { method: 'GET', path: GATEWAY_METADATA_PATH, auth: 'NONE' } as const];
  return allowedOrigins ? [...routes, ...preflightRoutes(routes)] : routes;
}
