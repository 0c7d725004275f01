/**
 * The credential provider that gets identity assertions: the client at the user's identity provider. Users' ID tokens go to
 * its server, so a resource's provider can only name one that is safe for them.
 */
import type { OnBehalfOfConfig } from '../../model/provider/on-behalf-of';
import type { VendorName } from '../../model/provider/vendor-names';
import type { Owned } from '../ownership';
import { invalidMember } from '../service-error';
import { onBehalfOfConfigOf } from './on-behalf-of';

interface Named extends Owned {
  readonly name: string;
}

interface AssertionProvider extends Named {
  readonly vendor: VendorName;
  /** Empty for a client that only its assertion names. */
  readonly clientId: string;
  readonly onBehalfOf?: OnBehalfOfConfig | undefined;
}

/**
 * Returns why the provider cannot get identity assertions for another one, as the end of a sentence that begins with its
 * name; undefined if it can.
 *
 * It must have the resource provider's owner: agents trust that owner with user tokens. It must itself be configured for
 * token exchange, because then only its owner can move it to another server (`CONFIG_MEMBERS`).
 *
 * @param found the provider under the configured name, if there is one
 * @param resource the provider whose configuration names it
 */
export function assertionProviderRejection(
  found: AssertionProvider | undefined,
  resource: Named,
): string | undefined {
  // One response for a missing provider and another owner's, so that the name of the latter is not revealed.
  if (found?.owner !== resource.owner || found.ownerId !== resource.ownerId) {
    return 'is not an OAuth 2.0 credential provider of the same owner. Create it first';
  }
  if (found.name === resource.name) return 'is this provider itself. Name the one of the identity provider';
  const config = onBehalfOfConfigOf(found);
  if (
    config?.grantType !== 'TOKEN_EXCHANGE' ||
    config.tokenExchangeGrantTypeConfig.actorTokenContent !== 'NONE' ||
    config.onBehalfOfAuthenticationConfig
  ) {
    return 'must have an onBehalfOfTokenExchangeConfig with the grantType TOKEN_EXCHANGE, no actor token, and client authentication, so that only its owner can move it to another server. Update it first';
  }
  return found.clientId === '' ? 'must have a clientId, which is the audience of the ID tokens' : undefined;
}

/**
 * Checks a configuration that names such a provider. Every use checks the provider again.
 *
 * @param member name of the on-behalf-of configuration, for messages
 * @param resource the provider that is configured
 * @throws ValidationException
 */
export async function checkAssertionProvider(
  providers: { get(name: string): Promise<AssertionProvider | undefined> },
  resource: Named,
  member: string,
  config: OnBehalfOfConfig | undefined,
): Promise<void> {
  if (config?.grantType !== 'IDENTITY_ASSERTION') return;
  const { credentialProviderName: name } = config.identityAssertionConfig;
  const rejection = assertionProviderRejection(await providers.get(name), resource);
  if (rejection === undefined) return;
  throw invalidMember(
    `${member}.identityAssertionConfig.credentialProviderName`,
    `is not valid: "${name}" ${rejection}`,
  );
}
