/** `agent-identity doctor`: checks the way from this computer to the service, and what the service depends on. */
import { buildCommand } from '@stricli/core';
import type { EndpointPolicy } from '../../../lambda/model/endpoint';
import { OPERATIONS } from '../../../lambda/operations';
import { SIGNING_NAME } from '../../client/endpoint';
import { discoveryUrlOf, type Authorized } from '../authorizer';
import { fail, hasFailed, ok, printChecks, warn, type Check } from '../checks';
import { CONNECTION_FLAGS, optionalTexts, type ConnectionFlags } from '../connection-flags';
import type { CliContext } from '../context';
import { checkFailed, CliError, ServiceFailure } from '../failure';
import { isoTime, printJson, progress } from '../output';
import { plainUrl, shownUrl } from '../plain-url';
import { privateEndpointsOf } from '../private-endpoints';
import { portalChecks } from './portal/checks';
import { checkProvider, unread } from './provider/checks';
import { getProvider } from './provider/provider';
import { endpointPolicyOf } from '../provider-request';
import { jsonDocument, metadataAt } from '../server-document';
import { allPages, clockSkew, connect, otherServerAdvice, send, type Service } from '../service';

interface DoctorFlags extends ConnectionFlags {
  readonly issuer?: readonly string[];
}

/** AWS rejects a signature whose time differs by more than 5 minutes. */
const MAX_SKEW_S = 300;
const LARGE_SKEW_S = 60;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function clockCheck(skew: number | undefined): Check {
  if (skew === undefined) return ok('clock', 'the service states no time');
  const detail = `differs by ${Math.abs(skew)} s from the clock of the service`;
  if (Math.abs(skew) >= MAX_SKEW_S) {
    return fail(
      'clock',
      detail,
      'Set the clock of this computer: the service rejects signatures after 5 minutes.',
    );
  }
  return Math.abs(skew) >= LARGE_SKEW_S
    ? warn('clock', detail, 'Synchronize the clock of this computer (NTP).')
    : ok('clock', detail);
}

/** The public metadata need no credentials: they show whether the endpoint is right. */
async function endpointChecks({ endpoint }: Service): Promise<Check[]> {
  try {
    const response = await send(new URL(`${endpoint}${OPERATIONS.Jwks.path}`));
    const body: unknown = await response.json().catch(() => undefined);
    const keys = (body as { keys?: unknown } | undefined)?.keys;
    if (!response.ok || !Array.isArray(keys)) {
      return [
        fail(
          'endpoint',
          `${endpoint} responds with HTTP status ${response.status}, but not as the identity service does`,
          otherServerAdvice(endpoint),
        ),
      ];
    }
    return [
      ok('endpoint', endpoint),
      clockCheck(clockSkew(response)),
      keys.length > 0
        ? ok('signing keys', `${keys.length} published`)
        : warn('signing keys', 'none yet', 'The first workload access token creates one.'),
    ];
  } catch (error) {
    return [fail('endpoint', messageOf(error), 'Set --endpoint to the endpoint that the stack printed.')];
  }
}

async function requestCheck(
  check: string,
  request: () => Promise<unknown>,
  detail: string,
  failed: (message: string) => Check,
): Promise<Check> {
  try {
    await request();
    return ok(check, detail);
  } catch (error) {
    return failed(messageOf(error));
  }
}

const ONE = { maxResults: 1 };

async function accessChecks(service: Awaited<ReturnType<typeof connect>>): Promise<Check[]> {
  const { signer, region } = service;
  let checks: Check[];
  try {
    const { accessKeyId, expiration } = await signer.credentials();
    const until = expiration ? `, valid until ${isoTime(Math.floor(expiration.getTime() / 1000))}` : '';
    checks = [ok('credentials', `access key ${accessKeyId}${until}`)];
  } catch (error) {
    return [fail('credentials', messageOf(error), 'Then repeat the command.')];
  }
  const signed = await requestCheck(
    'signed request',
    () => service.call(OPERATIONS.ListWorkloadIdentities, ONE),
    `signed for ${SIGNING_NAME} in ${region}`,
    (message) => fail('signed request', message, `Requests are signed for ${SIGNING_NAME} in ${region}.`),
  );
  if (signed.status === 'fail') return [...checks, signed];
  return [
    ...checks,
    signed,
    await requestCheck(
      'operator',
      () => service.call(OPERATIONS.ListAllWorkloadIdentities, ONE),
      'the principal can use the operations of operators',
      (message) => warn('operator', message, 'Ignore this if you are not an operator.'),
    ),
  ];
}

/** An issuer's discovery document, and its keys. */
async function issuerCheck(discoveryUrl: string, policy: EndpointPolicy): Promise<Check> {
  const check = 'trusted issuer';
  const found = await metadataAt(discoveryUrl, policy, (issuer) => {
    const stated = plainUrl(issuer);
    const url = stated === undefined ? '' : `: ${discoveryUrlOf(stated)}`;
    return `The service accepts no user token of this issuer. If it is the right one, trust its discovery URL${url}. Otherwise, correct the issuer at the server.`;
  });
  if ('fault' in found) return unread(check, discoveryUrl, found);
  const { issuer, jwks_uri: jwksUri } = found.document;
  if (typeof jwksUri !== 'string' || typeof issuer !== 'string') {
    return fail(check, `${discoveryUrl} has no jwks_uri`, 'Use the OpenID Connect discovery document.');
  }
  const keys = await jsonDocument(jwksUri, policy);
  if ('fault' in keys) {
    const action = `The service cannot validate user tokens without these keys. ${keys.action}`;
    return unread(check, shownUrl(jwksUri), { ...keys, action });
  }
  const { keys: published } = keys.document;
  return Array.isArray(published) && published.length > 0
    ? ok(check, `${issuer}: ${published.length} ${published.length === 1 ? 'key' : 'keys'}`)
    : fail(
        check,
        `${shownUrl(jwksUri)} has no keys`,
        'The service cannot validate user tokens without keys.',
      );
}

/** The issuers that the caller's agents trust, beyond those of the deployment, which no operation returns. */
async function issuersOfAgents(service: Service): Promise<string[]> {
  const agents = await allPages<{ name: string }>(
    service,
    OPERATIONS.ListWorkloadIdentities,
    'workloadIdentities',
  );
  const urls: string[] = [];
  for (const { name } of agents) {
    const { authorizerConfiguration } = await service.call<Authorized>(OPERATIONS.GetWorkloadIdentity, {
      name,
    });
    const issuer = authorizerConfiguration?.customJWTAuthorizer;
    // Private endpoints lead from the service's network, and not from this computer.
    if (issuer && privateEndpointsOf(issuer).length === 0) urls.push(issuer.discoveryUrl);
  }
  return urls;
}

async function providerChecks(service: Service, show: (text: string) => void): Promise<Check[]> {
  const providers = await allPages<{ name: string }>(
    service,
    OPERATIONS.ListOauth2CredentialProviders,
    'credentialProviders',
  );
  const checks: Check[] = [];
  for (const { name } of providers) {
    show(`Checking the provider ${name} …`);
    const found = await checkProvider(service, await getProvider(service, name));
    checks.push(...found.map((check) => ({ ...check, check: `${name}: ${check.check}` })));
  }
  return checks;
}

async function allChecks(
  service: Awaited<ReturnType<typeof connect>>,
  issuers: readonly string[],
  show: (text: string) => void,
): Promise<Check[]> {
  show('Checking the endpoint …');
  const checks = await endpointChecks(service);
  if (hasFailed(checks) && checks.length === 1) return checks;
  show('Checking credentials …');
  checks.push(...(await accessChecks(service)));
  const trusted = new Set(issuers.map(discoveryUrlOf));
  const usable = !hasFailed(checks);
  if (usable) for (const url of await issuersOfAgents(service)) trusted.add(url);
  for (const url of trusted) {
    show(`Checking ${url} …`);
    checks.push(await issuerCheck(url, endpointPolicyOf(service)));
  }
  if (usable) {
    checks.push(...(await providerChecks(service, show)));
    show('Checking consent portals …');
    checks.push(...(await portalChecks(service)));
  }
  return checks;
}

export const doctor = buildCommand({
  docs: {
    brief: 'Check the endpoint, credentials, clock, trusted issuers, and your providers and portals',
    fullDescription: [
      'Checks the endpoint, the credentials, the clock, the trusted issuers of your agents, your credential providers, and your consent portals.',
      'Each line says ok, todo, warn, or fail, and what to do. Changes nothing. Ends with status 1 if a check fails.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      issuer: optionalTexts('URL', 'Check this issuer too, such as one that the deployment trusts'),
    },
  },
  async func(this: CliContext, { issuer = [], ...flags }: DoctorFlags) {
    const service = await connect(this, flags);
    const { show, end } = progress(this);
    let checks: Check[];
    try {
      checks = await allChecks(service, issuer, flags.json ? () => undefined : show);
    } catch (error) {
      if (!(error instanceof ServiceFailure)) throw error;
      throw new CliError(`The checks could not be completed. ${error.fault}`, { next: error.next });
    } finally {
      end();
    }
    if (flags.json) printJson(this, { checks });
    else printChecks(this, checks);
    if (hasFailed(checks)) throw checkFailed();
  },
});
