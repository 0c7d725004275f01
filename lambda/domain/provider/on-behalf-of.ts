/** Rules for on-behalf-of configurations. */
import type { CustomOauth2Config } from '../../model/provider/configuration';
import type { OnBehalfOfConfig } from '../../model/provider/on-behalf-of';
import type { VendorName } from '../../model/provider/vendor-names';
import { invalidMember } from '../service-error';
import { vendorOf } from './vendors';

/** The configuration in a request. */
export type OnBehalfOfInput = NonNullable<CustomOauth2Config['onBehalfOfTokenExchangeConfig']>;

/**
 * @param member name of the config member, for messages
 * @returns with no actor where a token exchange says nothing of one
 * @throws ValidationException for what would be ignored: an actor in a grant that has none, scopes of no token; and for an
 *   identity assertion without a client
 */
export function resolveOnBehalfOf(member: string, input: OnBehalfOfInput): OnBehalfOfConfig {
  const {
    grantType,
    tokenExchangeGrantTypeConfig: given,
    identityAssertionConfig,
    onBehalfOfAuthenticationConfig,
  } = input;
  const authentication = onBehalfOfAuthenticationConfig && { onBehalfOfAuthenticationConfig };
  const config = `${member}.tokenExchangeGrantTypeConfig`;
  if (given && grantType !== 'TOKEN_EXCHANGE') {
    throw invalidMember(config, `must be omitted unless ${member}.grantType is TOKEN_EXCHANGE`);
  }
  const assertionConfig = `${member}.identityAssertionConfig`;
  if (grantType === 'IDENTITY_ASSERTION') {
    if (!identityAssertionConfig) throw invalidMember(assertionConfig, 'is required for IDENTITY_ASSERTION');
    if (authentication) {
      throw invalidMember(
        `${member}.onBehalfOfAuthenticationConfig`,
        'must be omitted for IDENTITY_ASSERTION: the assertion names the client that must authenticate',
      );
    }
    return { grantType, identityAssertionConfig };
  }
  if (identityAssertionConfig) {
    throw invalidMember(assertionConfig, `must be omitted unless ${member}.grantType is IDENTITY_ASSERTION`);
  }
  if (grantType === 'JWT_AUTHORIZATION_GRANT') return { grantType, ...authentication };
  const { actorTokenContent = 'NONE', actorTokenScopes, subjectTokenType } = given ?? {};
  if (actorTokenScopes && actorTokenContent !== 'M2M') {
    throw invalidMember(
      `${config}.actorTokenScopes`,
      `must be omitted unless ${config}.actorTokenContent is M2M: no other actor token has scopes`,
    );
  }
  return {
    grantType,
    tokenExchangeGrantTypeConfig: {
      actorTokenContent,
      ...(actorTokenScopes && { actorTokenScopes }),
      ...(subjectTokenType && { subjectTokenType }),
    },
    ...authentication,
  };
}

/** How a provider exchanges users' tokens, configured or built in; undefined for one that does not. */
export const onBehalfOfConfigOf = ({
  onBehalfOf,
  vendor,
}: {
  readonly onBehalfOf?: OnBehalfOfConfig | undefined;
  readonly vendor: VendorName;
}): OnBehalfOfConfig | undefined => onBehalfOf ?? vendorOf(vendor).onBehalfOf?.config;
