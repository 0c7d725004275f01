/** What a tutorial about a deployment needs from its reader: an AWS account, an identity provider, and a vendor. */
import { installPython } from '../../clients/installation.mjs';
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { importJWK, SignJWT, type JWK } from 'jose';
import { startCalendarApi } from '../../../examples/local/calendar-api';
import { startCalendarProvider, type CalendarProvider } from '../../../examples/local/calendar-provider';
import {
  ASSISTANT_AUDIENCE,
  ASSISTANT_SCOPE,
  startIdentityProvider,
} from '../../../examples/local/identity-provider';
import { ProviderState } from '../../../examples/local/provider-state';
import { startEmulator, type Emulator } from '../../deployed/emulator/process.mjs';
import { HOSTS, openFront, type Front } from './front';

const EVENTS = 'https://api.almanac.example';
/** Its MCP server, which no tutorial about a deployment uses. */
const MCP_URL = `${EVENTS}/mcp`;
const preload = (path: string): string => `--require ${join(__dirname, path)}`;
const NETWORK = preload('network.cjs');
const ON_THIS_MACHINE = preload('../../deployed/function/on-this-machine.cjs');
const RESPONSE_STREAMING = preload('../../deployed/function/response-streaming.cjs');

export class Account {
  private constructor(
    private readonly front: Front,
    private readonly emulator: Emulator,
    private readonly calendar: CalendarProvider,
    /** Added to the reader's environment. */
    readonly env: NodeJS.ProcessEnv,
    /** What a reader fills in. */
    readonly values: Readonly<Record<string, string>>,
  ) {}

  /** @param folder for files of the account; the caller removes it */
  static async open(folder: string): Promise<Account> {
    await mkdir(folder, { recursive: true });
    const front = await openFront();
    const certificate = join(folder, 'authority.pem');
    await writeFile(certificate, front.authority);
    await writeFile(
      join(folder, '.curlrc'),
      `connect-to = "::127.0.0.1:${front.port}"\ncacert = "${certificate}"\n`,
    );
    const network = {
      TUTORIAL_HOSTS: HOSTS,
      TUTORIAL_PORT: String(front.port),
      NODE_EXTRA_CA_CERTS: certificate,
    };
    const emulator = await startEmulator({
      ...network,
      // CloudFormation responds on loopback.
      LOOPBACK_PROVIDERS: 'allowed',
      NODE_OPTIONS: [NETWORK, ON_THIS_MACHINE, RESPONSE_STREAMING].join(' '),
    });
    front.emulator = emulator.environment.AWS_ENDPOINT_URL;
    const state = join(folder, 'idp.json');
    const idp = startIdentityProvider(front.host('idp.example'), state, {
      redirectUri: 'https://app.example/signed-in',
      postLogoutRedirectUri: 'https://app.example/',
    });
    const almanac = join(folder, 'calendar.json');
    const calendar = startCalendarProvider(front.host('almanac.example'), almanac, EVENTS, MCP_URL);
    startCalendarApi(front.host('api.almanac.example'), {
      issuer: calendar.issuer,
      jwksUri: publicKeys(new ProviderState(almanac)),
      audience: EVENTS,
      mcpUrl: MCP_URL,
    });
    // The AWS CLI is a tool of the reader.
    const awsCli = dirname(installPython(join(__dirname, '..', '..', 'clients', 'runbook')));
    const environment = Object.entries(emulator.environment).filter(([name]) => name.startsWith('AWS_'));
    return new Account(
      front,
      emulator,
      calendar,
      {
        ...Object.fromEntries(environment),
        ...network,
        NODE_OPTIONS: NETWORK,
        CURL_HOME: folder,
        PATH: [awsCli, process.env.PATH].join(delimiter),
        CI: 'true',
        CDK_DISABLE_CLI_TELEMETRY: 'true',
        CDK_DISABLE_VERSION_CHECK: 'true',
      },
      {
        IDP_DISCOVERY_URL: idp.discoveryUrl,
        IDP_CLIENT_ID: idp.clientId,
        VENDOR_DISCOVERY_URL: calendar.discoveryUrl,
        VENDOR_CLIENT_ID: calendar.clientId,
        VENDOR_CLIENT_SECRET: calendar.clientSecret,
        VENDOR_SCOPE: 'calendar.read',
        VENDOR_API: `${EVENTS}/events`,
        USER_TOKEN: await userToken(new ProviderState(state), idp.issuer, idp.clientId),
      },
    );
  }

  /** Arguments for a browser whose connections to the hosts of the tutorial lead to the test. */
  get ofBrowser(): string[] {
    const to = `127.0.0.1:${this.front.port}`;
    return [`--host-resolver-rules=MAP *.amazonaws.com ${to}, MAP *.example ${to}`];
  }

  /** Adds a redirect URI to the app at the vendor, as the vendor's console does. */
  registerRedirectUri(uri: string): Promise<void> {
    return this.calendar.registerAgentClient(uri);
  }

  async close(): Promise<void> {
    await this.emulator.stop();
    await this.front.close();
  }
}

/** The public keys of a provider, as a `data:` URL (RFC 2397): in the test's own process, no host is on loopback. */
function publicKeys(state: ProviderState): string {
  const keys = state.jwks.keys.map((key) => ({
    ...createPublicKey({ key: key as JsonWebKey, format: 'jwk' }).export({ format: 'jwk' }),
    ...{ kid: key.kid, alg: 'RS256' },
  }));
  return `data:application/json,${encodeURIComponent(JSON.stringify({ keys }))}`;
}

/** An access token, as the identity provider issues it to the application of a user who signs in. */
async function userToken(state: ProviderState, issuer: string, clientId: string): Promise<string> {
  const [key] = state.jwks.keys as [JWK];
  return new SignJWT({ client_id: clientId, scope: ASSISTANT_SCOPE })
    .setProtectedHeader({ alg: 'RS256', kid: String(key.kid), typ: 'at+jwt' })
    .setIssuer(issuer)
    .setSubject('ana')
    .setAudience(ASSISTANT_AUDIENCE)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(await importJWK(key, 'RS256'));
}
