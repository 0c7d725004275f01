/**
 * The members of a custom provider's configuration (the AWS type `CustomOauth2ProviderConfigInput`), one row each. What Get shows,
 * what the audit log calls a change, and what only the owner can change follow from the rows.
 */
import { isDeepStrictEqual } from 'node:util';
import type { CustomOauth2Config } from '../../model/provider/configuration';
import type { Complete } from '../../model/of';
import type { ConfiguredProvider, Oauth2ProviderAttributes } from '../../model/provider/record';
import { accessDenied } from '../service-error';
import { certificateConfigurationsOf } from './certificate-configuration';
import { dpopConfigOf } from './dpop-config';
import { privateKeyJwtConfigOf } from './private-key-jwt';
import { clientRegistrationOf } from './provided-client';
import { statedMethod } from './vendor';

/** Attributes of the record that a configuration sets. */
type ConfigAttribute = keyof ConfiguredProvider;

/** The owner alone can change what Get shows of a member. */
interface OwnerOnly<Shown> {
  /** Whether each principal that is allowed to update the provider can set this; by default, none but the owner. */
  exceptFor?(shown: Shown): boolean;
  /** Ends the sentence "Only the owner of the credential provider can". */
  readonly message: string;
  /** For the audit log. */
  readonly detail: string;
}

interface Member<Shown> {
  /** The attributes that hold it. None if it is not stored, or if it is only compared with what a server states. */
  readonly attributes: readonly ConfigAttribute[];
  /** Returns what Get shows in the configuration, which an update accepts. Absent if that is nothing. */
  readonly shown?: (provider: ConfiguredProvider) => Shown;
  readonly ownerOnly?: OwnerOnly<Shown>;
}

type Members = {
  readonly [Name in keyof CustomOauth2Config]-?: Member<CustomOauth2Config[Name] | undefined>;
};

/** Another principal could have the client secret sent to another server that has a certificate for the host. */
const OWNER_ONLY_ENDPOINTS: OwnerOnly<unknown> = {
  message: 'change its privateEndpoint and privateEndpointOverrides',
  detail: 'private endpoints changed by another principal than the owner',
};

/**
 * `checkBindingByOwner` protects the client and the server, which secrets and grants belong to, and `nameExternalSecret`
 * the external secret, which Get shows next to the configuration.
 */
export const CONFIG_MEMBERS = {
  clientId: { attributes: ['clientId'], shown: ({ clientId }) => clientId || undefined },
  oauthDiscovery: {
    attributes: ['discovery'],
    shown: ({ discovery }): CustomOauth2Config['oauthDiscovery'] =>
      discovery.discoveryUrl === undefined ? discovery : { discoveryUrl: discovery.discoveryUrl },
  },
  clientSecret: { attributes: [] },
  clientSecretSource: { attributes: [] },
  clientSecretConfig: { attributes: ['externalSecret'] },
  initialAccessToken: { attributes: [] },
  authorizationServer: { attributes: [] },
  endpointOrigins: { attributes: [] },
  clientAuthenticationMethod: {
    attributes: ['clientAuthenticationMethod'],
    shown: ({ clientAuthenticationMethod: method }) => statedMethod(method),
    // The AWS token names the owner of the provider: another principal could use what the server gives to a client with
    // this name.
    ownerOnly: {
      exceptFor: (method) => method !== 'AWS_IAM_ID_TOKEN_JWT',
      message: 'configure AWS_IAM_ID_TOKEN_JWT',
      detail: 'AWS_IAM_ID_TOKEN_JWT configured by another principal than the owner',
    },
  },
  onBehalfOfTokenExchangeConfig: {
    attributes: ['onBehalfOf'],
    shown: ({ onBehalfOf }) => onBehalfOf,
    // The provider sends user tokens to its server.
    ownerOnly: {
      exceptFor: (config) => config === undefined,
      message: 'configure on-behalf-of exchange',
      detail: 'on-behalf-of exchange configured by another principal than the owner',
    },
  },
  privateKeyJwtConfig: {
    attributes: ['privateKeyJwt'],
    shown: ({ privateKeyJwt }) => privateKeyJwt && privateKeyJwtConfigOf(privateKeyJwt),
    // Another principal could send an assertion for the owner's client to its own server.
    ownerOnly: {
      exceptFor: (config) => config === undefined,
      message: 'name its signing key, or use it for another client, server, or claims',
      detail: 'a signing key named by another principal than the owner',
    },
  },
  certificateConfigurations: {
    attributes: ['certificateSecretArn', 'certificateObject'],
    shown: certificateConfigurationsOf,
    // With its own authority, another principal could pose as the provider's server, and would receive the client secret.
    ownerOnly: {
      message: 'change its certificateConfigurations',
      detail: 'certificate authorities changed by another principal than the owner',
    },
  },
  privateEndpoint: {
    attributes: ['privateEndpoint'],
    shown: ({ privateEndpoint }) => privateEndpoint,
    ownerOnly: OWNER_ONLY_ENDPOINTS,
  },
  privateEndpointOverrides: {
    attributes: ['privateEndpointOverrides'],
    shown: ({ privateEndpointOverrides }) => privateEndpointOverrides,
    ownerOnly: OWNER_ONLY_ENDPOINTS,
  },
  dpopConfig: {
    attributes: ['dpop'],
    // The metadata of a protected resource can require it, too.
    shown: dpopConfigOf,
    // Another principal could end the binding, so that a stolen token can be used, or have proofs made for its own server.
    ownerOnly: {
      message: 'change whether its tokens are bound to keys, and for which resources (dpopConfig)',
      detail: 'DPoP configured by another principal than the owner',
    },
  },
  clientRegistration: { attributes: ['registration'], shown: clientRegistrationOf },
} as const satisfies Members;

type Rows = typeof CONFIG_MEMBERS;

type MemberName = keyof Rows;

const MEMBER_NAMES = Object.keys(CONFIG_MEMBERS) as MemberName[];

const memberOf = (name: MemberName): Member<unknown> => CONFIG_MEMBERS[name];

/** The configuration as Get shows it. An update with the same members changes nothing. */
export type ShownConfig = {
  readonly [Name in MemberName as Rows[Name] extends { shown: unknown } ? Name : never]?: Rows[Name] extends {
    shown: (provider: never) => infer Shown;
  }
    ? Shown | undefined
    : never;
};

/** The AWS output for a built-in vendor, whose other members are those of the vendor. */
const SHOWN_OF_BUILT_IN: readonly MemberName[] = ['clientId', 'oauthDiscovery'];

export function shownConfig(
  provider: ConfiguredProvider & Pick<Oauth2ProviderAttributes, 'vendor'>,
): ShownConfig {
  const names = provider.vendor === 'CustomOauth2' ? MEMBER_NAMES : SHOWN_OF_BUILT_IN;
  return Object.fromEntries(names.map((name) => [name, memberOf(name).shown?.(provider)]));
}

/**
 * Checks an update of a principal that is not the owner of the provider.
 *
 * @throws AccessDeniedException for a change that only the owner can make
 */
export function checkOwnerOnly(before: ConfiguredProvider, after: ConfiguredProvider): void {
  for (const { shown, ownerOnly } of MEMBER_NAMES.map(memberOf)) {
    if (!shown || !ownerOnly) continue;
    const value = shown(after);
    if (isDeepStrictEqual(value, shown(before)) || ownerOnly.exceptFor?.(value)) continue;
    throw accessDenied(
      `Only the owner of the credential provider can ${ownerOnly.message}.`,
      ownerOnly.detail,
    );
  }
}

/** What an update writes of a provider. */
type Change = Complete<Oauth2ProviderAttributes>;

/** A member holds each attribute; otherwise, {@link changedMembers} does not compile. */
type HeldAttribute = Rows[MemberName]['attributes'][number];

/** Returns the names of the request's members that an update changes, by the attributes that hold them. */
export function changedMembers(before: Oauth2ProviderAttributes, change: Change): string[] {
  const held = MEMBER_NAMES.flatMap((name) =>
    memberOf(name).attributes.map((attribute) => [attribute, name]),
  );
  const names = {
    vendor: 'credentialProviderVendor',
    callbackId: 'callbackUrl',
    ...(Object.fromEntries(held) as Record<HeldAttribute, MemberName>),
  };
  const changed = (Object.keys(change) as (keyof Change)[]).filter(
    (attribute) => !isDeepStrictEqual(change[attribute], before[attribute]),
  );
  return [...new Set(changed.map((attribute) => names[attribute]))];
}
