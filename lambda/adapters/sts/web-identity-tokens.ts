/**
 * JWTs that AWS STS signs for the function's role. All agents share this role, so request tags name the agent and the
 * provider's owner.
 * Source: AWS STS API reference, GetWebIdentityToken, which only regional endpoints offer.
 */
import {
  WEB_IDENTITY_LIFETIME,
  WEB_IDENTITY_TAGS,
  type WebIdentityTokens,
} from '../../domain/oauth/web-identity';
import { ServiceError } from '../../domain/service-error';
import { onFirstUse } from '../first-use';

/** The tag values that STS accepts. */
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

/** Characters of an audience. */
const MAX_AUDIENCE = 1_000;

/**
 * Errors about the content of the token, which the configurations of the agent and of the provider decide. STS checks the
 * size of the whole token, too.
 */
const CONTENT_ERRORS: readonly string[] = ['ValidationError', 'JWTPayloadSizeExceededException'];

const FEDERATION_DISABLED = 'OutboundWebIdentityFederationDisabledException';

const cannot = (message: string, detail: string, cause?: unknown): ServiceError =>
  new ServiceError('ValidationException', message, { detail: `web identity token: ${detail}`, cause });

export function createWebIdentityTokens(): WebIdentityTokens {
  const sts = onFirstUse(async () => {
    const sdk = await import('@aws-sdk/client-sts');
    return { sdk, client: new sdk.STSClient({}) };
  });
  return {
    async get({ audience, workload, owner }) {
      if (!TAG_VALUE.test(workload) || !TAG_VALUE.test(owner)) {
        throw cannot(
          'AWS STS accepts ARNs in a token with up to 256 letters, digits, and the characters _.:/=+-@. Use a workload identity with a shorter name, or have an IAM role own the credential provider.',
          'a request tag cannot hold the ARN',
        );
      }
      if (audience.length > MAX_AUDIENCE) {
        throw cannot(
          `AWS STS accepts up to ${MAX_AUDIENCE} characters as the audience of a token. The authorization server must have a shorter token endpoint, or the credential provider another client authentication method.`,
          'the token endpoint is too long for an audience',
        );
      }
      const { sdk, client } = await sts();
      const command = new sdk.GetWebIdentityTokenCommand({
        Audience: [audience],
        DurationSeconds: WEB_IDENTITY_LIFETIME,
        SigningAlgorithm: 'RS256',
        Tags: [
          { Key: WEB_IDENTITY_TAGS.workload, Value: workload },
          { Key: WEB_IDENTITY_TAGS.owner, Value: owner },
        ],
      });
      try {
        const { WebIdentityToken: token } = await client.send(command);
        if (token === undefined) throw new Error('STS returned no token');
        return token;
      } catch (error) {
        if (error instanceof sdk.STSServiceException && error.name === FEDERATION_DISABLED) {
          throw cannot(
            'AWS_IAM_ID_TOKEN_JWT needs outbound web identity federation in the AWS account of this service. Ask the operator to enable it (iam:EnableOutboundWebIdentityFederation).',
            'outbound web identity federation is disabled',
            error,
          );
        }
        if (error instanceof sdk.STSServiceException && CONTENT_ERRORS.includes(error.name)) {
          throw cannot(
            'AWS STS rejects the token for AWS_IAM_ID_TOKEN_JWT. Use a workload identity with a shorter name, or an authorization server with a shorter token endpoint.',
            `STS: ${error.name}`,
            error,
          );
        }
        throw error;
      }
    },
  };
}
