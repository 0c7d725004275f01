/** Verifies user tokens, except for identity assertions, which this verifier never accepts. */
import type { System } from '../../domain/system';
import type { Transport } from '../../domain/oauth/transport';
import type { MetadataReader } from '../../domain/oauth/provider-metadata';
import { claimsRejection } from '../../domain/identity/token-admission';
import { isIssuerOf } from '../../model/discovery-url';
import { trustedIssuersOf, type DeployedIssuer } from '../../domain/identity/trusted-issuer';
import { USER_TOKEN_ENDED, type UserTokenVerifier } from '../../domain/identity/user-token';
import { tokenKindRejection } from '../../domain/identity/user-token-kind';
import { ServiceError } from '../../domain/service-error';
import { createIssuerAuthentication, verifiedToken, type TokenKind } from './issuer-authentication';
import { headerFault, unverifiedJwt } from './issuer-keys';

const INVALID =
  'The user token is not valid here. Present a token that a trusted issuer issued for this service.';
const UNKNOWN_ISSUER =
  'The user token comes from an issuer that is not trusted here. Ask the operator to configure it.';
const NO_ISSUER =
  'This service trusts no issuer of user tokens. Configure one: with trustedIssuers at deployment, with --trusted-issuers or TRUSTED_ISSUERS for the local service, or with authorizerConfiguration for the workload identity.';

const unauthorized = (message: string, detail: string, cause?: unknown): ServiceError =>
  new ServiceError('UnauthorizedException', message, { detail: `user token: ${detail}`, cause });

const USER_TOKEN: TokenKind = {
  ended: USER_TOKEN_ENDED,
  invalid: (detail, cause) => unauthorized(INVALID, detail, cause),
  unauthorized,
};

/**
 * @param deployed the deployment's issuers, for workload identities without their own configuration
 */
export function createUserTokenVerifier(
  deployed: readonly DeployedIssuer[],
  metadata: MetadataReader,
  transport: Transport,
  system: Pick<System, 'now'>,
): UserTokenVerifier {
  const issuers = createIssuerAuthentication(USER_TOKEN, metadata, transport, system);

  return {
    async verify(token, { authorizerConfiguration }) {
      const unverified = unverifiedJwt(token, USER_TOKEN.invalid);
      const { header, payload } = unverified;
      const fault = headerFault(header) ?? tokenKindRejection(header.typ, payload);
      if (fault !== undefined) throw USER_TOKEN.invalid(fault);

      const trusted = trustedIssuersOf({ authorizerConfiguration }, deployed);
      if (trusted.length === 0) throw unauthorized(NO_ISSUER, 'no issuer is trusted');
      const entries = trusted.filter((entry) => isIssuerOf(payload.iss ?? '', entry));
      if (entries.length === 0) throw unauthorized(UNKNOWN_ISSUER, 'issuer not trusted');

      const faults = new Set<string>();
      for (const entry of entries) {
        const claims = await issuers.authenticate(entry, token, unverified, !authorizerConfiguration);
        const refused = claimsRejection(entry, claims);
        if (refused === undefined) return verifiedToken(claims, USER_TOKEN);
        faults.add(refused);
      }
      throw USER_TOKEN.invalid([...faults].join('; '));
    },
  };
}
