/**
 * An OAuth client at a vendor, as an OAuth2 credential provider is made of it. Checked when the stack is synthesized,
 * by the service's own rules, as far as the values are known by then.
 */
import { Token } from 'aws-cdk-lib';
import * as v from 'valibot';
import { oauth2ProviderMembers } from '../../lambda/contract/schemas/provider-schemas';
import {
  checkSecretGiven,
  type CustomOauth2Config,
  type INCLUDED_VENDORS,
  resolveConfig,
  vendorOf,
  type VendorName,
} from '../../lambda/contract/credential-providers';
import type { SecretSource } from './credential-provider';

/** A client that was registered at the vendor, with the callback URL of the credential provider. */
export interface OAuth2Client {
  readonly clientId: string;
  /** In AWS Secrets Manager. */
  readonly clientSecret: SecretSource;
}

/** A client at any authorization server. */
export interface CustomOAuth2Client {
  /**
   * Where the server says what it can do: `…/.well-known/openid-configuration` or
   * `…/.well-known/oauth-authorization-server`.
   * @default - stated by `authorizationServerMetadata`
   */
  readonly discoveryUrl?: string;
  /**
   * Where its endpoints are, for a server that does not say.
   * @default - discovered at `discoveryUrl`
   */
  readonly authorizationServerMetadata?: NonNullable<
    CustomOauth2Config['oauthDiscovery']['authorizationServerMetadata']
  >;
  /**
   * @default - none: the client is named by its assertions alone
   */
  readonly clientId?: string;
  /**
   * In AWS Secrets Manager.
   * @default - none: the client proves itself in another way
   */
  readonly clientSecret?: SecretSource;
  /**
   * How the client proves who it is at the token endpoint.
   * @default CLIENT_SECRET_BASIC
   */
  readonly clientAuthenticationMethod?: NonNullable<CustomOauth2Config['clientAuthenticationMethod']>;
  /**
   * How a user's own token is exchanged for one of this server.
   * @default - it cannot be
   */
  readonly onBehalfOfTokenExchange?: NonNullable<CustomOauth2Config['onBehalfOfTokenExchangeConfig']>;
  /**
   * The key that signs the client's assertions, for PRIVATE_KEY_JWT.
   * @default - none
   */
  readonly privateKeyJwt?: NonNullable<CustomOauth2Config['privateKeyJwtConfig']>;
}

/** A client at a vendor where the operator may have a tenant. */
export interface IncludedOAuth2Client extends OAuth2Client {
  /**
   * Issuer of the operator's tenant.
   * @default - the vendor is in one place
   */
  readonly issuer?: string;
  /**
   * @default - discovered
   */
  readonly authorizationEndpoint?: string;
  /**
   * @default - discovered
   */
  readonly tokenEndpoint?: string;
}

/** Vendors under one member of AWS's configuration. */
export type IncludedVendorName = keyof typeof INCLUDED_VENDORS;

/** The members that are there. */
const given = <Members extends object>(members: Members): Partial<Members> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<Members>;

export class OAuth2Vendor {
  static atlassian(client: OAuth2Client): OAuth2Vendor {
    return OAuth2Vendor.plain('AtlassianOauth2', client);
  }

  static github(client: OAuth2Client): OAuth2Vendor {
    return OAuth2Vendor.plain('GithubOauth2', client);
  }

  static google(client: OAuth2Client): OAuth2Vendor {
    return OAuth2Vendor.plain('GoogleOauth2', client);
  }

  static linkedin(client: OAuth2Client): OAuth2Vendor {
    return OAuth2Vendor.plain('LinkedinOauth2', client);
  }

  static salesforce(client: OAuth2Client): OAuth2Vendor {
    return OAuth2Vendor.plain('SalesforceOauth2', client);
  }

  static slack(client: OAuth2Client): OAuth2Vendor {
    return OAuth2Vendor.plain('SlackOauth2', client);
  }

  /** @param client its `tenantId` is an Entra tenant's id or domain name; `common` by default */
  static microsoft({ tenantId, ...client }: OAuth2Client & { readonly tenantId?: string }): OAuth2Vendor {
    return OAuth2Vendor.plain('MicrosoftOauth2', client, { tenantId });
  }

  /** @param vendor such as `OktaOauth2` or `DropboxOauth2` */
  static included(vendor: IncludedVendorName, client: IncludedOAuth2Client): OAuth2Vendor {
    const { issuer, authorizationEndpoint, tokenEndpoint } = client;
    return OAuth2Vendor.plain(vendor, client, { issuer, authorizationEndpoint, tokenEndpoint });
  }

  /** Any other authorization server (RFC 6749), discovered or stated. */
  static custom(client: CustomOAuth2Client): OAuth2Vendor {
    const { discoveryUrl, authorizationServerMetadata } = client;
    const config = given({
      oauthDiscovery: given({ discoveryUrl, authorizationServerMetadata }),
      clientId: client.clientId,
      clientAuthenticationMethod: client.clientAuthenticationMethod,
      onBehalfOfTokenExchangeConfig: client.onBehalfOfTokenExchange,
      privateKeyJwtConfig: client.privateKeyJwt,
    });
    return new OAuth2Vendor('CustomOauth2', config, client.clientSecret);
  }

  private static plain(
    name: VendorName,
    { clientId, clientSecret }: OAuth2Client,
    members: object = {},
  ): OAuth2Vendor {
    return new OAuth2Vendor(name, given({ clientId, ...members }), clientSecret);
  }

  private constructor(
    private readonly name: VendorName,
    private readonly config: object,
    readonly clientSecret: SecretSource | undefined,
  ) {}

  /**
   * Vendor and client as the custom resource's properties have them.
   *
   * @param importExisting whether there may be a provider with a secret already, which then stays
   * @throws Error in plain words for what the service would refuse
   */
  configuration(importExisting = false): {
    credentialProviderVendor: VendorName;
    member: string;
    config: object;
  } {
    const { configMember: member } = vendorOf(this.name);
    if (!Token.isUnresolved(this.config)) this.check(member, importExisting);
    return { credentialProviderVendor: this.name, member, config: this.config };
  }

  private check(member: string, importExisting: boolean): void {
    // The secret is not known here; that there is one matters to some methods.
    const secret = this.clientSecret && { clientSecret: 'kept in AWS Secrets Manager' };
    const parsed = v.safeParse(oauth2ProviderMembers.oauth2ProviderConfigInput, {
      [member]: { ...this.config, ...secret },
    });
    if (!parsed.success) {
      const [issue] = parsed.issues;
      throw new Error(`${this.name}: ${v.getDotPath(issue) ?? member}: ${issue.message}`);
    }
    // Whether loopback servers are let in, only the service knows.
    const resolved = resolveConfig(this.name, parsed.output, { loopback: true });
    if (!importExisting) checkSecretGiven(this.name, resolved);
  }
}
