/** The update of an OAuth2 credential provider. */
import type { UpdateOauth2ProviderInput } from '../../model/provider/configuration';
import type { ExternalSecret } from '../../model/secret-reference';
import type { CertificateMembers, Oauth2Provider } from '../../model/provider/record';
import { isDeepStrictEqual } from 'node:util';
import { audited, type Annotate } from '../audit';
import type { Caller } from '../principal';
import { changeResource } from '../resource-write';
import { authorizedResource } from '../policy/authorized-resource';
import { checkOwnership, isOwnedBy, withOwnerId } from '../ownership';
import { invalidMember } from '../service-error';
import { writeContents } from '../sealing/deletion';
import { resolveClient, unregisterUnused, type DiscoveredClient } from './resolve-client';
import { publish } from './published-client';
import { checkBindingByOwner } from './client-binding';
import { boundTo } from './expected-server';
import { checkAssertionProvider } from './assertion-provider';
import { nameCertificates, statedCertificates } from './certificate-configuration';
import type { Complete } from '../../model/of';
import { changedMembers, checkOwnerOnly } from './config-members';
import { nameExternalSecret } from './provider-secret';
import { checkSigningKey } from './private-key-jwt';
import { hasStoredCredential, usesSecret } from './vendor';
import type { ResolvedConfig } from './resolved-config';
import { clientSecretMembers, secretRequired } from './vendor-config';
import {
  clientBindingDigest,
  deleteClientSecret,
  KIND,
  ON_BEHALF_OF_MEMBER,
  resolveServedConfig,
  sealSecret,
  type Oauth2ProviderDependencies,
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

/**
 * Replaces the provider's configuration. Only the owner can change the vendor, the client, or the authorization server, and
 * then gives the secret again: a secret is for one client at one server. `CONFIG_MEMBERS` says what else only the owner can
 * change. Another authorization server has another callback URL.
 *
 * @throws ResourceNotFoundException, AccessDeniedException, ValidationException for a configuration that is not valid,
 *   ThrottlingException after a concurrent change
 */
export function updateOauth2Provider(
  deps: Oauth2ProviderDependencies,
  principal: Caller,
  { name, ...input }: UpdateOauth2ProviderInput,
): Promise<Oauth2Provider> {
  return audited(
    deps.audit,
    { operation: 'UpdateOauth2CredentialProvider', principal },
    async (annotate, call) => {
      annotate({ provider: name });
      const { credentialProviderVendor: vendor } = input;
      const provider = await authorizedResource(deps.providers, KIND, call, name);
      checkOwnership(provider, principal, input);
      const resolved = resolveServedConfig(deps, input, provider);
      const named = withOwnerId(provider, principal);
      await checkAssertionProvider(deps.providers, named, ON_BEHALF_OF_MEMBER, resolved.onBehalfOf);
      const byOwner = isOwnedBy(provider, principal);
      const { customOauth2ProviderConfig: custom } = input.oauth2ProviderConfigInput;
      const certificates = byOwner
        ? await nameCertificates(deps, provider, custom)
        : statedCertificates(custom);
      // An update that states the authorization server is how the owner confirms that a protected resource names another.
      const found = await resolveClient(deps, resolved, {
        ...provider,
        stated: custom,
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
  }: Pick<Oauth2Provider, 'vendor'> &
    Binding & {
      readonly found: DiscoveredClient;
      readonly certificates: Complete<CertificateMembers>;
      readonly annotate: Annotate;
    },
): Promise<Oauth2Provider> {
  const { byOwner, sameServer } = binding;
  const { registration, callbackId } = found;
  const { secret, ...client } = found.config;
  if (!byOwner) checkOwnerOnly(provider, { ...client, ...certificates });
  const isKeyKept = sameServer && isDeepStrictEqual(client.privateKeyJwt, provider.privateKeyJwt);
  if (client.privateKeyJwt && !isKeyKept) await checkSigningKey(deps, provider, client.privateKeyJwt);
  const externalSecret = await changedSecret(deps, provider, { vendor, secret, ...client }, binding);
  const change = {
    vendor,
    ...client,
    callbackId,
    externalSecret,
    registration,
    ...certificates,
  };
  const secretGiven = secret.kind === 'managed' && usesSecret(client.clientAuthenticationMethod);
  // A secret that is given counts as another.
  annotate({ changed: [...changedMembers(provider, change), ...(secretGiven ? ['clientSecret'] : [])] });
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
