/**
 * A REQUEST authorizer, called as API Gateway calls it. Its results are not cached.
 * Source: API Gateway developer guide, "Use API Gateway Lambda authorizers".
 */
import type { APIGatewayAuthorizerResult, APIGatewayProxyEvent } from 'aws-lambda';
import type { AuthorizerHandler } from '../../lambda/gate/authorizer-handler';
import type { Refusal, RefusalType } from '../../lambda/domain/gate/gate-refusals';
import { statedRefusal } from './gateway-errors';
import type { Deployment } from './gateway-event';

export interface GatewayAuthorizer {
  readonly handler: AuthorizerHandler;
  /** Responses of the API to requests that the authorizer denies. */
  readonly refusals: Readonly<Record<RefusalType, Refusal>>;
  /** Whether the Authorization header is the identity source, without which the authorizer is not called; by default, true. */
  readonly hasIdentitySource?: boolean;
  /** Value of the authorizer's context that is the `WWW-Authenticate` of a denial, as a gateway response can map it. */
  readonly challengeIn?: string;
}

const isAuthorization = (name: string): boolean => name.toLowerCase() === 'authorization';

const methodArn = ({ httpMethod, path }: APIGatewayProxyEvent, { region, accountId }: Deployment): string =>
  `arn:aws:execute-api:${region}:${accountId}:local/prod/${httpMethod}${path}`;

/** Returns the effects of the statements that name the method. The authorizer uses no wildcards. */
function effectsOn(arn: string, { policyDocument }: APIGatewayAuthorizerResult): string[] {
  return policyDocument.Statement.flatMap((statement) =>
    'Resource' in statement && [statement.Resource].flat().includes(arn) ? [statement.Effect] : [],
  );
}

/**
 * @returns what the function receives about the caller
 * @throws GatewayError that the API defines
 */
export async function authorize(
  { handler, refusals, hasIdentitySource = true, challengeIn }: GatewayAuthorizer,
  event: APIGatewayProxyEvent,
  deployment: Deployment,
): Promise<Readonly<Record<string, unknown>>> {
  const named = Object.entries(event.headers).some(([name, value]) => isAuthorization(name) && value);
  if (!named && hasIdentitySource) throw statedRefusal(refusals.UNAUTHORIZED);
  const arn = methodArn(event, deployment);
  const result = await handler({ ...event, type: 'REQUEST', methodArn: arn } as never).catch(
    (error: unknown) => {
      const unauthorized = error instanceof Error && error.message === 'Unauthorized';
      throw statedRefusal(unauthorized ? refusals.UNAUTHORIZED : refusals.AUTHORIZER_FAILURE);
    },
  );
  const effects = effectsOn(arn, result);
  if (effects.includes('Deny') || !effects.includes('Allow')) {
    const challenge = challengeIn === undefined ? undefined : result.context?.[challengeIn];
    throw statedRefusal({
      ...refusals.ACCESS_DENIED,
      ...(typeof challenge === 'string' && { wwwAuthenticate: challenge }),
    });
  }
  return { principalId: result.principalId, ...result.context };
}
