/**
 * An OAuth client at a vendor, which an OAuth2 credential provider uses. The service's own rules validate it when the
 * stack is synthesized, as far as its values are known by then.
 */
import type { VendorName } from '../../lambda/model/provider/vendor-names';
import { createdOauth2Provider, type CustomOauth2Config } from '../../lambda/model/provider/configuration';
import { Tags, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import * as v from 'valibot';
import { CERTIFICATES_OWNER } from '../../lambda/domain/private-authorities';
import { OWNER_TAG } from '../../lambda/domain/ownership';
import { checkSecretGiven, resolveConfig } from '../../lambda/domain/provider/vendor-config';
import { vendorOf } from '../../lambda/domain/provider/vendors';
import {
  isProtectedResourceUrl,
  protectedResourceUrl,
  RESOURCE_URL_RULE,
} from '../../lambda/model/discovery-url';
import type { SecretSource } from './credential-provider';
import { invalidProps, propOf } from './invalid-props';
import type {
  CustomOAuth2Client,
  IncludedOAuth2Client,
  IncludedVendorName,
  McpOAuth2Client,
  MicrosoftOAuth2Client,
  OAuth2Client,
} from './oauth2-client';
import { bindSecret, type AnySecret, type BoundSecret } from './provider-secret';
import type { ResourceFunction } from './resource-function';
import { withSamples } from './samples';

/** Returns the members that are set. */
const given = <Members extends object>(members: Members): Partial<Members> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<Members>;

/** How a provider uses the client. */
interface ClientUse {
  /** Whether the stack can adopt a provider that has a secret already, which then stays. */
  readonly importExisting: boolean;
}

/** The service reads an object by its URI, in which a key like these is another one, or none. */
function checkObjectKey(objectKey: string): void {
  if (Token.isUnresolved(objectKey)) return;
  const isWrong =
    objectKey === '' || objectKey.startsWith('s3://') || /^\/|(^|\/)\.\.?(\/|$)/.test(objectKey);
  if (!isWrong) return;
  throw new Error(
    `CustomOauth2: caCertificatesObject.objectKey must be the key of an object, without the bucket, a leading slash, and the segments . and ..: "${objectKey}"`,
  );
}

/** Members of the API that no prop sets: the deployment sends the secret. */
type OfDeployment = 'clientSecretSource' | 'clientSecretConfig';

/** The prop that sets a member of the API, where it has another name. The compiler names a member without a prop. */
const PROP_OF_MEMBER: Readonly<
  Record<
    Exclude<keyof CustomOauth2Config, keyof CustomOAuth2Client | keyof McpOAuth2Client | OfDeployment>,
    keyof CustomOAuth2Client
  >
> = {
  oauthDiscovery: 'discoveryUrl',
  onBehalfOfTokenExchangeConfig: 'onBehalfOfTokenExchange',
  privateKeyJwtConfig: 'privateKeyJwt',
  certificateConfigurations: 'caCertificates',
  dpopConfig: 'dpop',
};

/** Props with the names of members of the API. The compiler names another one, which would be sent and rejected. */
type MembersOfApi<Props> = {
  readonly [Name in keyof Props]: Name extends keyof CustomOauth2Config ? Props[Name] : never;
};

/** From members of the API to the props of a client. */
const PROPS = [
  [/^(oauth2ProviderConfigInput\.)?\w+Oauth2ProviderConfig\./, ''],
  [/^oauthDiscovery\./, ''],
  [/^certificateConfigurations\.0\.secretsManager\.secretArn/, 'caCertificates'],
  [/^certificateConfigurations\.0\.s3\.uri/, 'caCertificatesObject'],
  ...Object.entries(PROP_OF_MEMBER).map(([member, prop]) => [new RegExp(`^${member}\\b`), prop] as const),
] as const;

/** The vendor's member of the API, without the secret. */
type Config = Partial<Omit<CustomOauth2Config, 'oauthDiscovery'>> & {
  readonly oauthDiscovery?: { readonly discoveryUrl?: string | undefined };
  readonly issuer?: string;
  readonly tokenEndpoint?: string;
};

export class OAuth2Vendor {
  static atlassian(client: OAuth2Client): OAuth2Vendor {
    return OAuth2Vendor.builtIn('AtlassianOauth2', client);
  }

  static github(client: OAuth2Client): OAuth2Vendor {
    return OAuth2Vendor.builtIn('GithubOauth2', client);
  }

  static google(client: OAuth2Client): OAuth2Vendor {
    return OAuth2Vendor.builtIn('GoogleOauth2', client);
  }

  static linkedin(client: OAuth2Client): OAuth2Vendor {
    return OAuth2Vendor.builtIn('LinkedinOauth2', client);
  }

  static salesforce(client: OAuth2Client): OAuth2Vendor {
    return OAuth2Vendor.builtIn('SalesforceOauth2', client);
  }

  static slack(client: OAuth2Client): OAuth2Vendor {
    return OAuth2Vendor.builtIn('SlackOauth2', client);
  }

  static microsoft(client: MicrosoftOAuth2Client): OAuth2Vendor {
    return OAuth2Vendor.builtIn('MicrosoftOauth2', client);
  }

  /** @param vendor such as `OktaOauth2` or `DropboxOauth2` */
  static included(vendor: IncludedVendorName, client: IncludedOAuth2Client): OAuth2Vendor {
    return OAuth2Vendor.builtIn(vendor, client);
  }

  /** Any other authorization server (RFC 6749), discovered or described. */
  static custom(client: CustomOAuth2Client): OAuth2Vendor {
    const {
      discoveryUrl,
      authorizationServerMetadata,
      clientSecret,
      onBehalfOfTokenExchange,
      privateKeyJwt,
      caCertificates,
      caCertificatesObject,
      dpop,
      ...members
    } = client;
    if (caCertificates && caCertificatesObject) {
      throw new Error('CustomOauth2: set either caCertificates or caCertificatesObject');
    }
    if (caCertificates && caCertificates.secretFullArn === undefined) {
      throw new Error(
        'CustomOauth2: caCertificates needs the complete ARN of the secret, with the suffix of 6 characters. Use Secret.fromSecretCompleteArn',
      );
    }
    if (caCertificatesObject) checkObjectKey(caCertificatesObject.objectKey);
    const sameNames: MembersOfApi<typeof members> = members;
    const config = given({
      ...sameNames,
      oauthDiscovery: given({ discoveryUrl, authorizationServerMetadata }),
      onBehalfOfTokenExchangeConfig: onBehalfOfTokenExchange,
      privateKeyJwtConfig: privateKeyJwt,
      certificateConfigurations:
        (caCertificates && [
          { secretsManager: { secretArn: caCertificates.secretFullArn ?? caCertificates.secretArn } },
        ]) ??
        (caCertificatesObject && [
          { s3: { uri: caCertificatesObject.bucket.s3UrlForObject(caCertificatesObject.objectKey) } },
        ]),
      dpopConfig: dpop,
    });
    return new OAuth2Vendor('CustomOauth2', config, clientSecret, caCertificates);
  }

  /**
   * An MCP server, or another protected resource (RFC 9728). The service finds its authorization server when the stack is
   * deployed, and requests tokens for this server alone.
   *
   * @param serverUrl as the server's documentation states it, such as `https://notes.example/mcp`
   * @param client at the authorization server; by default, the service provides one
   */
  static mcp(serverUrl: string, client: McpOAuth2Client = {}): OAuth2Vendor {
    const discoveryUrl = protectedResourceUrl(serverUrl);
    if (discoveryUrl === undefined) throw new Error(`OAuth2Vendor.mcp: serverUrl ${RESOURCE_URL_RULE}`);
    const { initialAccessToken, dpop, ...members } = client;
    const sameNames: MembersOfApi<typeof members> = members;
    const vendor = OAuth2Vendor.custom({ ...sameNames, ...(dpop && { dpop: {} }), discoveryUrl });
    if (!initialAccessToken) return vendor;
    if (members.clientId !== undefined || members.clientSecret) {
      throw new Error('OAuth2Vendor.mcp: set either initialAccessToken, or clientId and clientSecret');
    }
    return new OAuth2Vendor(vendor.name, vendor.config, initialAccessToken, undefined, 'initialAccessToken');
  }

  /** The names of the other props are those of the API, whose schema knows no misspelled one. */
  private static builtIn(name: VendorName, { clientSecret, ...members }: OAuth2Client): OAuth2Vendor {
    return new OAuth2Vendor(name, given(members), clientSecret);
  }

  private constructor(
    private readonly name: VendorName,
    private readonly config: Config,
    private readonly secret: SecretSource | undefined,
    private readonly caCertificates?: AnySecret,
    private readonly secretMember: 'clientSecret' | 'initialAccessToken' = 'clientSecret',
  ) {}

  /**
   * The client at an authorization server that is discovered, as far as the props state it.
   *
   * @internal
   */
  get _discoveredClient(): {
    readonly discoveryUrl: string | undefined;
    readonly clientId: string | undefined;
  } {
    const { oauthDiscovery, issuer, tokenEndpoint, clientId } = this.config;
    const tenant =
      issuer === undefined || tokenEndpoint !== undefined
        ? undefined
        : `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    return { discoveryUrl: oauthDiscovery?.discoveryUrl ?? tenant, clientId };
  }

  /**
   * Returns the secret that is sent with the configuration, as the custom resource's properties have it.
   *
   * @internal
   */
  _bindSecret(): ((scope: Construct, resources: ResourceFunction) => BoundSecret) | undefined {
    const { secret, secretMember } = this;
    if (!secret) return undefined;
    return (scope, resources) => {
      const bound = bindSecret(secret, scope, resources);
      if (secretMember === 'clientSecret' || bound.source === 'MANAGED') return bound;
      throw new Error(
        `${scope.node.path}: initialAccessToken is read only by the deployment: use ProviderSecret.managed`,
      );
    };
  }

  /**
   * Tags the secret with the certificates, so that the service can read it for providers of this owner.
   *
   * @param ownerArn of the role that owns the provider
   * @internal
   */
  _shareCertificates(ownerArn: string): void {
    if (this.caCertificates) Tags.of(this.caCertificates).add(OWNER_TAG, CERTIFICATES_OWNER + ownerArn);
  }

  /**
   * Returns vendor and client for the custom resource's properties.
   *
   * @throws Error for a client that the service rejects
   * @internal
   */
  _configuration(use: ClientUse): {
    credentialProviderVendor: VendorName;
    member: string;
    config: object;
    secretMember?: string;
  } {
    const { configMember: member } = vendorOf(this.name);
    this.check(member, use);
    return {
      credentialProviderVendor: this.name,
      member,
      config: this.config,
      ...(this.secretMember !== 'clientSecret' && { secretMember: this.secretMember }),
    };
  }

  /** A protected resource names the authorization server, and no one looks at the name while a stack is deployed. */
  private checkServerOfSecret(discoveryUrl: string | undefined): void {
    if (!this.secret || this.config.authorizationServer !== undefined) return;
    if (discoveryUrl === undefined || !isProtectedResourceUrl(discoveryUrl)) return;
    throw new Error(
      `OAuth2Vendor.mcp: set authorizationServer to the issuer of the authorization server that gets ${this.secretMember}`,
    );
  }

  private check(member: string, { importExisting }: ClientUse): void {
    const { oauthDiscovery } = this.config;
    if (oauthDiscovery && Object.keys(oauthDiscovery).length !== 1) {
      throw new Error(`${this.name}: set either discoveryUrl or authorizationServerMetadata`);
    }
    this.checkServerOfSecret(oauthDiscovery?.discoveryUrl);
    // The secret is not known here, but some methods depend on whether there is one.
    const secret = this.secret && { [this.secretMember]: 'kept-in-AWS-Secrets-Manager' };
    const parsed = v.safeParse(createdOauth2Provider.entries.oauth2ProviderConfigInput, {
      [member]: { ...withSamples(this.config), ...secret },
    });
    if (!parsed.success) throw new Error(`${this.name}: ${invalidProps(parsed.issues, PROPS)}`);
    try {
      // Only the service knows whether it accepts loopback servers.
      const resolved = resolveConfig(this.name, parsed.output, { loopback: true });
      if (!importExisting) checkSecretGiven(this.name, resolved);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new Error(`${this.name}: ${propOf(error.message, PROPS)}`, { cause: error });
    }
  }
}
