/** Verifies identity assertions as user tokens, by the keys of the issuers that the deployment accepts them from. */
import type { System } from '../../domain/system';
import type { Transport } from '../../domain/oauth/transport';
import type { MetadataReader } from '../../domain/oauth/provider-metadata';
import {
  decideAssertion,
  isAssertionType,
  type AssertionVerifier,
} from '../../domain/identity/identity-assertion';
import { customClaimsRejection } from '../../domain/identity/token-admission';
import { isIssuerOf } from '../../model/discovery-url';
import { assertionIssuersOf, type DeployedIssuer } from '../../domain/identity/trusted-issuer';
import { ServiceError } from '../../domain/service-error';
import { createIssuerAuthentication, verifiedToken, type TokenKind } from './issuer-authentication';
import { headerFault, unverifiedJwt } from './issuer-keys';

const INVALID =
  'The identity assertion is not valid here. Request one for this service, for a client that the operator allows for this agent.';
const ENDED = 'The identity assertion is no longer valid (exp). Get a new one from the identity provider.';
const NOT_ACCEPTED =
  'This agent accepts no identity assertions of this issuer. Present the ID token or access token of the user, or ask the operator to add identityAssertions to trustedIssuers.';

const unauthorized = (message: string, detail: string, cause?: unknown): ServiceError =>
  new ServiceError('UnauthorizedException', message, { detail: `identity assertion: ${detail}`, cause });

const ASSERTION: TokenKind = {
  ended: ENDED,
  invalid: (detail, cause) => unauthorized(INVALID, detail, cause),
  unauthorized,
};

/** @param deployed the deployment's issuers; only entries with identityAssertions count */
export function createIdentityAssertionVerifier(
  deployed: readonly DeployedIssuer[],
  metadata: MetadataReader,
  transport: Transport,
  system: Pick<System, 'now'>,
): AssertionVerifier {
  const issuers = createIssuerAuthentication(ASSERTION, metadata, transport, system);

  return {
    async verify(assertion, workload) {
      const unverified = unverifiedJwt(assertion, ASSERTION.invalid);
      const { header, payload } = unverified;
      const fault =
        headerFault(header) ?? (isAssertionType(header.typ) ? undefined : 'typ is not oauth-id-jag+jwt');
      if (fault !== undefined) throw ASSERTION.invalid(fault);

      const entries = assertionIssuersOf(workload, deployed).filter((entry) =>
        isIssuerOf(payload.iss ?? '', entry),
      );
      if (entries.length === 0) throw unauthorized(NOT_ACCEPTED, 'not accepted from this issuer');

      const faults = new Set<string>();
      for (const entry of entries) {
        const claims = await issuers.authenticate(entry, assertion, unverified, true);
        const decision = decideAssertion(entry.identityAssertions, claims, workload.name);
        const rejection = customClaimsRejection(entry, claims);
        if (!('rejection' in decision) && rejection === undefined) {
          return { ...verifiedToken(claims, ASSERTION), ...decision };
        }
        faults.add('rejection' in decision ? decision.rejection : String(rejection));
      }
      throw ASSERTION.invalid([...faults].join('; '));
    },
  };
}
