/** The update of an OAuth2 credential provider, and which principals can change which of its members. */
import { isDeepStrictEqual } from 'node:util';
import { audited, type Annotate } from '../audit';
import type { Caller } from '../principal';
import { changedMembers, changeResource } from '../resource-write';
import { authorizedResource } from '../policy/authorized-resource';
import { checkOwnership, isOwnedBy, withOwnerId, type OwnershipRequirement } from '../ownership';
import { invalidMember } from '../service-error';
import { writeContents } from '../sealing/deletion';
import type { ExternalSecret } from '../sealing/external-secret';
import {
  resolveClient,
  unregisterUnused,
  type DiscoveredClient,
  registrationRequestIn,
} from './resolve-client';
import { publish } from './published-client';
import { checkBindingByOwner } from './client-binding';
import { checkDpopChange, dpopConfigOf } from './dpop-config';
import { checkAssertionProvider } from './assertion-provider';
import { checkOnBehalfOfChange, onBehalfOfConfigOf } from './on-behalf-of';
import { nameCertificates, type CertificateMembers } from './certificate-configuration';
import { nameExternalSecret } from './provider-secret';
import { CERTIFICATES_MEMBER, certificatesIn } from './named-references';
import { checkSigningKey } from './private-key-jwt';
import { hasStoredCredential, usesSecret } from './vendor';
import { clientSecretMembers, secretRequired, resolveConfig, type ResolvedConfig } from './vendor-config';
import { checkWebIdentityChange } from './web-identity-client';
import {
  boundTo,
  clientBindingDigest,
  deleteClientSecret,
  KIND,
  ON_BEHALF_OF_MEMBER,
  sealSecret,
  SIGNING_KEY_MEMBER,
  type Oauth2Provider,
  type Oauth2ProviderDependencies,
  type Oauth2ProviderInput,
} from './oauth2-provider';

/** Facts about an update on which the rules for several members depend. */
interface Binding {
  /** Whether the provider's owner makes the update. */
  readonly byOwner: boolean;
  /** Whether the vendor, the client, and the server stay. */
  readonly sameServer: boolean;
}

/**
 * Returns the external secret of a reconfigured provider; undefined if its secret is in the token vault.
 *
 * @throws ValidationException if the current secret cannot stay, or the named one cannot be used; AccessDeniedException
 *   for a principal other than the owner that names one
 */
async function changedSecret(
  deps: Oauth2ProviderDependencies,
  provider: Oauth2Provider,
  { vendor, secret, ...client }: ResolvedConfig & Pick<Oauth2Provider, 'vendor'>,
  { byOwner, sameServer }: Binding,
): Promise<ExternalSecret | undefined> {
  const { owner, ownerId, externalSecret: present } = provider;
  const members = clientSecretMembers(vendor);
  if (secret.kind === 'managed' || !usesSecret(client.clientAuthenticationMethod)) return undefined;
  if (secret.kind === 'external') {
    const naming = { byOwner, owner, ownerId, kept: sameServer ? present : undefined };
    return nameExternalSecret(deps, naming, members.reference, secret.reference);
  }
  if (!usesSecret(provider.clientAuthenticationMethod)) {
    throw secretRequired(vendor, client.clientAuthenticationMethod);
  }
  if (!sameServer) {
    throw invalidMember(members.secret, 'is required: the stored secret belongs to another client or server');
  }
  if (present && secret.source === 'MANAGED') {
    throw invalidMember(members.secret, 'is required: the current secret is EXTERNAL');
  }
  return present;
}

/** What of the request each member of a provider comes from, where that has another name. */
const INPUT_MEMBER: Partial<Record<keyof Oauth2Provider, string>> = {
  vendor: 'credentialProviderVendor',
  callbackId: 'callbackUrl',
  discovery: 'oauthDiscovery',
  onBehalfOf: 'onBehalfOfTokenExchangeConfig',
  dpop: 'dpopConfig',
  privateKeyJwt: 'privateKeyJwtConfig',
  registration: 'clientRegistration',
  externalSecret: 'clientSecretConfig',
  certificateSecretArn: 'certificateConfigurations',
  certificateObject: 'certificateConfigurations',
};

/** Names of what an update changes, as the API has them. A secret that is given counts as another. */
const changedInput = (
  provider: Oauth2Provider,
  change: Partial<Oauth2Provider>,
  { secretGiven }: { readonly secretGiven: boolean },
): string[] => [
  ...new Set(changedMembers(provider, change).map((member) => INPUT_MEMBER[member] ?? member)),
  ...(secretGiven ? ['clientSecret'] : []),
];

/**
 * Replaces the provider's configuration. Only the owner can change the vendor, the client, or the authorization server, and
 * then gives the secret again: a secret is for one client at one server. Only the owner can name an external secret or a
 * signing key, change the origins of the server's endpoints (`endpointOrigins`), the private certificate authorities, and how
 * tokens are bound to keys (`dpopConfig`), and enable the exchange of user tokens. Another authorization server has another
 * callback URL.
 *
 * @throws ResourceNotFoundException, AccessDeniedException, ValidationException for a configuration that is not valid,
 *   ThrottlingException after a concurrent change
 */
export function updateOauth2Provider(
  deps: Oauth2ProviderDependencies,
  principal: Caller,
  { name, vendor, config, ...requirement }: Oauth2ProviderInput & OwnershipRequirement,
): Promise<Oauth2Provider> {
  return audited(
    deps.audit,
    { operation: 'UpdateOauth2CredentialProvider', principal },
    async (annotate, call) => {
      annotate({ provider: name });
      const provider = await authorizedResource(deps.providers, KIND, call, name);
      checkOwnership(provider, principal, requirement);
      const resolved = resolveConfig(vendor, config, deps.endpointPolicy, provider);
      const named = withOwnerId(provider, principal);
      await checkAssertionProvider(deps.providers, named, ON_BEHALF_OF_MEMBER, resolved.onBehalfOf);
      const byOwner = isOwnedBy(provider, principal);
      const certificates = await nameCertificates(
        deps,
        { byOwner, owner: provider.owner, ownerId: provider.ownerId, present: provider },
        CERTIFICATES_MEMBER,
        certificatesIn(config),
      );
      // An update that states the authorization server is how the owner confirms that a protected resource names another.
      const found = await resolveClient(deps, resolved, {
        ...provider,
        ...registrationRequestIn(config),
        byOwner,
        present: provider,
      });
      annotate(boundTo(found.config.discovery));
      const sameServer = clientBindingDigest(provider) === clientBindingDigest({ vendor, ...found.config });
      checkBindingByOwner(byOwner, sameServer);
      await unregisterUnused(deps, provider, found, provider);
      return changeProvider(deps, provider, { vendor, found, certificates, annotate, byOwner, sameServer });
    },
  );
}

/** Stores the changed configuration of a provider. */
async function changeProvider(
  deps: Oauth2ProviderDependencies,
  provider: Oauth2Provider,
  {
    vendor,
    found,
    certificates,
    annotate,
    ...binding
  }: Pick<Oauth2ProviderInput, 'vendor'> &
    Binding & {
      readonly found: DiscoveredClient;
      readonly certificates: CertificateMembers;
      readonly annotate: Annotate;
    },
): Promise<Oauth2Provider> {
  const { owner, ownerId, privateKeyJwt: present } = provider;
  const { byOwner, sameServer } = binding;
  const { registration, callbackId } = found;
  const { secret, ...client } = found.config;
  checkOnBehalfOfChange({
    byOwner,
    before: onBehalfOfConfigOf(provider),
    after: onBehalfOfConfigOf({ vendor, onBehalfOf: client.onBehalfOf }),
  });
  checkWebIdentityChange({
    byOwner,
    before: provider.clientAuthenticationMethod,
    after: client.clientAuthenticationMethod,
  });
  checkDpopChange({ byOwner, before: dpopConfigOf(provider), after: dpopConfigOf(client) });
  if (client.privateKeyJwt) {
    const unchanged = sameServer && isDeepStrictEqual(client.privateKeyJwt, present);
    await checkSigningKey(
      deps,
      { byOwner, owner, ownerId, unchanged },
      SIGNING_KEY_MEMBER,
      client.privateKeyJwt,
    );
  }
  const externalSecret = await changedSecret(deps, provider, { vendor, secret, ...client }, binding);
  const change = {
    vendor,
    privateKeyJwt: undefined,
    dpop: undefined,
    ...client,
    callbackId,
    externalSecret,
    registration,
    certificateSecretArn: certificates.certificateSecretArn,
    certificateObject: certificates.certificateObject,
  };
  const secretGiven = secret.kind === 'managed' && usesSecret(client.clientAuthenticationMethod);
  annotate({ changed: changedInput(provider, change, { secretGiven }) });
  const changed = await changeResource(deps.providers, deps.system, provider, change);
  // Write the secret after the deciding write, so that the loser of two concurrent updates leaves no secret. Until
  // then, the old secret cannot be decrypted for the new server.
  if (secret.kind === 'managed') {
    await writeContents(
      deps.providers,
      changed,
      () => sealSecret(deps, changed, secret.secret),
      () => deleteClientSecret(deps, changed),
    );
  }
  await publish(deps, changed, provider.callbackId);
  const secretGone = secret.kind === 'external' || !hasStoredCredential(changed.clientAuthenticationMethod);
  if (secretGone) await deps.clientSecrets.removeBefore(changed.id, changed.revision);
  return changed;
}
