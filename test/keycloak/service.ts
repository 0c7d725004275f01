/** The service as `npm start` runs it, and an agent that uses it with AWS SDK clients. */
import { createPublicKey, randomBytes, type JsonWebKey } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BedrockAgentCore, type BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import {
  BedrockAgentCoreControl,
  type CustomOauth2ProviderConfigInput,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { KMS } from '@aws-sdk/client-kms';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import type { DeployedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import { createIdentityClient } from '../../lib/client/index';
import { startLogged, type LoggedService } from '../../lib/local/logged-service';
import { alsoSending } from '../flows/support/members-beyond-aws';
import { RETURN_URL, TestAgent } from '../flows/support/world';

/** The owner of resources that the operator's keys create. */
const OWNER = 'arn:aws:iam::000000000000:user/operator';

export class Service {
  private names = 0;

  private constructor(
    private readonly local: LoggedService,
    private readonly folder: string,
  ) {}

  static async start(trustedIssuers: readonly DeployedIssuer[]): Promise<Service> {
    const folder = await mkdtemp(join(tmpdir(), 'agent-identity-keycloak-'));
    return new Service(await startLogged({ port: 0, dataDir: folder, trustedIssuers }), folder);
  }

  async stop(): Promise<void> {
    await this.local.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private settings(endpoint = this.local.endpoint) {
    const { accessKeyId, secretAccessKey } = this.local.principals.operator;
    return { endpoint, region: this.local.region, credentials: { accessKeyId, secretAccessKey } };
  }

  /** The audit entries so far. */
  async audit(): Promise<Record<string, unknown>[]> {
    return (await readFile(this.local.logPath, 'utf8'))
      .split('\n')
      .filter((line) => line.includes('"audit"'))
      .map((line) => (JSON.parse(line) as { audit: Record<string, unknown> }).audit);
  }

  get endpoint(): string {
    return this.local.endpoint;
  }

  data(): BedrockAgentCore {
    return new BedrockAgentCore(this.settings());
  }

  /** An agent with its own credential provider. */
  async agent(config: CustomOauth2ProviderConfigInput): Promise<TestAgent> {
    this.names += 1;
    const name = `agent-${this.names}`;
    const control = new BedrockAgentCoreControl(this.settings());
    await control.createWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: [RETURN_URL] });
    const providerName = `provider-${this.names}`;
    return new TestAgent(this.data(), name, providerName, await this.provider(providerName, config));
  }

  /** The client library's client for the agents. */
  identity(): BedrockAgentCoreClient {
    return createIdentityClient(this.settings());
  }

  async deleteProvider(name: string): Promise<void> {
    await new BedrockAgentCoreControl(this.settings()).deleteOauth2CredentialProvider({ name });
  }

  /**
   * Creates a credential provider.
   *
   * @param config also with members that the AWS model does not have
   * @returns its callback URL
   */
  async provider(name: string, config: object): Promise<string> {
    const oauth2ProviderConfigInput = { customOauth2ProviderConfig: config };
    const control = alsoSending(new BedrockAgentCoreControl(this.settings()), {
      oauth2ProviderConfigInput,
    });
    const created = await control.createOauth2CredentialProvider({
      name,
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: {} as never,
    });
    return created.callbackUrl ?? '';
  }

  /** A secret with certificates of authorities for the operator's credential providers. */
  async certificates(pem: string): Promise<string> {
    const secrets = new SecretsManager(this.settings(this.local.awsEndpoints.secretsManager));
    const Tags = [{ Key: 'agent-identity:owner', Value: `certificates/${OWNER}` }];
    const { ARN = '' } = await secrets.createSecret({ Name: 'authority', SecretString: pem, Tags });
    return ARN;
  }

  /** A KMS key that signs for the operator's credential providers, and its public key for Keycloak. */
  async signingKey(): Promise<{ arn: string; jwk: JsonWebKey }> {
    const kms = new KMS(this.settings(this.local.awsEndpoints.kms));
    const Tags = [{ TagKey: 'agent-identity:owner', TagValue: OWNER }];
    const { KeyMetadata } = await kms.createKey({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY', Tags });
    const { Arn: arn = '' } = KeyMetadata ?? {};
    const { PublicKey } = await kms.getPublicKey({ KeyId: arn });
    const key = Buffer.from(PublicKey ?? new Uint8Array());
    return { arn, jwk: createPublicKey({ key, format: 'der', type: 'spki' }).export({ format: 'jwk' }) };
  }
}

export const newSecret = (): string => randomBytes(24).toString('base64url');
