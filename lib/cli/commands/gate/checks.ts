/** Checks of what the options of a gate name, before and after it starts. */
import { createConnection } from 'node:net';
import type { JwtInbound } from '../../../../lambda/domain/gate/agent-endpoint';
import type { EndpointPolicy } from '../../../../lambda/model/endpoint';
import { usageError } from '../../failure';
import { issuerFault } from '../../trusted-issuer';

/** The paths of the AgentCore contract. */
const PATHS = { HTTP: '/invocations', MCP: '/mcp' } as const;

export const PROTOCOLS = ['HTTP', 'MCP'] as const;

export type Protocol = (typeof PROTOCOLS)[number];

const CONNECT_TIMEOUT_MS = 2_000;

const isWebUrl = (text: string): boolean => /^https?:\/\//i.test(text) && URL.canParse(text);

/** @throws CliError for a port that is not a number */
export function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw usageError(`--port must be a number from 0 (any free port) to 65535. It is ${JSON.stringify(text)}.`);
}

/** @throws CliError for a text that is not a whole number */
export function secondsOf(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw usageError(`--invocation-timeout must be a number of seconds. It is ${JSON.stringify(text)}.`);
}

type CustomClaim = NonNullable<JwtInbound['customClaims']>[number];

/**
 * Returns the condition on a claim of user tokens.
 *
 * @param option `--claim-equals` for a string, `--claim-contains` for an array that contains one of the values
 * @throws CliError for a text of another form
 */
export function claimOf(option: '--claim-equals' | '--claim-contains', text: string): CustomClaim {
  const end = text.indexOf('=');
  const [value = '', ...others] = text.slice(end + 1).split(',');
  const isList = option === '--claim-contains';
  if (end < 0 || (!isList && others.length > 0)) {
    const form = isList ? 'NAME=VALUE or NAME=VALUE,VALUE' : 'NAME=VALUE';
    throw usageError(`${option} must be ${form}. It is ${JSON.stringify(text)}.`);
  }
  return {
    inboundTokenClaimName: text.slice(0, end),
    inboundTokenClaimValueType: isList ? 'STRING_ARRAY' : 'STRING',
    authorizingClaimMatchValue:
      others.length > 0
        ? {
            claimMatchOperator: 'CONTAINS_ANY',
            claimMatchValue: { matchValueStringList: [value, ...others] },
          }
        : {
            claimMatchOperator: isList ? 'CONTAINS' : 'EQUALS',
            claimMatchValue: { matchValueString: value },
          },
  };
}

/**
 * Returns the URL to which the gate sends invocations. A URL without a path gets the path of the protocol.
 *
 * @throws CliError for a text that is not an http or https URL
 */
export function targetOf(text: string, protocol: Protocol): string {
  if (!isWebUrl(text)) {
    throw usageError(
      `The URL of the agent must begin with http:// or https://, such as http://127.0.0.1:8000${PATHS[protocol]}. It is ${JSON.stringify(text)}.`,
    );
  }
  return /^https?:\/\/[^/?#]+$/i.test(text) ? `${text}${PATHS[protocol]}` : text;
}

/**
 * Returns the name of the agent runtime, which the invocation URL contains.
 *
 * @throws CliError for a name that has no runtime name
 */
export function runtimeNameOf(name: string): string {
  const runtime = name.replaceAll(/[-.]/g, '_');
  if (/^[a-zA-Z]\w{0,47}$/.test(runtime)) return runtime;
  throw usageError(
    `The name of the agent must begin with a letter, and contain up to 48 letters, digits, "-", "_", and ".". It is ${JSON.stringify(name)}.`,
  );
}

/**
 * Checks that the service can use the metadata of the identity provider, because the gate rejects every token otherwise.
 *
 * @throws CliError if it cannot
 */
export async function checkIssuer(discoveryUrl: string, policy: EndpointPolicy): Promise<void> {
  if (!isWebUrl(discoveryUrl)) {
    throw usageError('--issuer must be a URL that begins with https://, or on this computer with http://.');
  }
  const fault = await issuerFault(discoveryUrl, policy);
  if (fault) throw fault;
}

/** Returns whether a program accepts connections at the URL. */
export const isListening = (target: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { protocol, hostname, port } = new URL(target);
    const socket = createConnection({
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(port || (protocol === 'https:' ? 443 : 80)),
      timeout: CONNECT_TIMEOUT_MS,
    });
    const end = (listens: boolean) => () => {
      socket.destroy();
      resolve(listens);
    };
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false));
  });
