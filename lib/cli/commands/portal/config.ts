/** The options that configure a consent portal, and the members of requests that they set. */
import { readLogo } from '../../../resources/portal-logo';
import { optionalText, optionalTexts } from '../../connection-flags';
import { usageError } from '../../failure';
import type { OptionNames } from '../../option-names';
import type { Service } from '../../service';
import { findGateway } from '../gateway/gateways';
import { getProvider } from '../provider/provider';

export interface SignIn {
  readonly credentialProviderArn: string;
  readonly scopes: readonly string[];
  readonly audience?: string;
}

export interface Branding {
  readonly name?: string;
  readonly color?: string;
  /** An image as a `data:` URL. */
  readonly logo?: string;
}

/** A connection that users can make on the page before the agent requests access. */
export interface Connection {
  readonly workloadName: string;
  readonly credentialProviderName: string;
  readonly scopes: readonly string[];
  readonly purpose?: string;
  readonly customParameters?: Readonly<Record<string, string>>;
}

export interface PortalFlags {
  readonly agent?: readonly string[];
  readonly gateway?: readonly string[];
  readonly signIn?: string;
  readonly scope?: readonly string[];
  readonly audience?: string;
  readonly description?: string;
  readonly displayName?: string;
  readonly color?: string;
  /** A `data:` URL. */
  readonly logo?: string;
  readonly connection?: readonly Connection[];
}

export const PORTAL_FLAGS = {
  agent: optionalTexts('name', 'Agent of the portal; set the option again for each further agent'),
  gateway: optionalTexts('name', 'Gateway of the portal; set the option again for each further gateway'),
  signIn: optionalText('name', 'OAuth 2.0 credential provider by which users sign in, or its ARN'),
  scope: optionalTexts(
    'scope',
    'Scope of the sign-in, in addition to openid; set the option again for each further scope',
  ),
  audience: optionalText('text', 'Audience of the sign-in, if the identity provider needs one'),
  description: optionalText('text', 'Description for the owner of the portal'),
  displayName: optionalText('text', 'Name on the pages'),
  color: optionalText('#rrggbb', 'Color of links and buttons'),
  logo: {
    kind: 'parsed',
    parse: logoOf,
    optional: true,
    placeholder: 'path',
    brief: 'Image for the pages: PNG, JPEG, WebP, or SVG, up to 17,900 bytes',
  },
  connection: {
    kind: 'parsed',
    parse: connectionOf,
    variadic: true,
    optional: true,
    placeholder: 'text',
    brief:
      'Connection that users can make: "AGENT PROVIDER SCOPE... -- PURPOSE", in which all words before -- are scopes, or its JSON object in the API; set the option again for each further one',
  },
} as const;

function connectionInJson(text: string): Connection {
  try {
    return JSON.parse(text) as Connection;
  } catch {
    throw usageError('--connection with a text that begins with { must be a JSON object.');
  }
}

/** A scope that ends so is a word of a purpose: no known scope does. */
const END_OF_SENTENCE = /[.!?]$/;

/** Returns the connection of an option. The service validates it. */
function connectionOf(text: string): Connection {
  if (text.trimStart().startsWith('{')) return connectionInJson(text);
  const [names = '', ...purpose] = text.split(/\s--\s/);
  const [workloadName = '', credentialProviderName, ...scopes] = wordsOf(names);
  if (credentialProviderName === undefined) {
    throw usageError(
      '--connection must have an agent and a provider, such as "my-agent my-calendar calendar.read -- Plans your trips."',
    );
  }
  if (purpose.length === 0 && scopes.some((scope) => END_OF_SENTENCE.test(scope))) {
    throw usageError(
      `--connection has the scopes ${scopes.join(', ')}, and no purpose, because nothing precedes the purpose.`,
      'Write -- before the purpose: --connection "AGENT PROVIDER SCOPE... -- PURPOSE".',
    );
  }
  const stated = purpose.join(' -- ').trim();
  return { workloadName, credentialProviderName, scopes, ...(stated !== '' && { purpose: stated }) };
}

export const wordsOf = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** Returns the image in the file. @throws CliError that says what it must be */
export function logoOf(path: string): string {
  try {
    return readLogo(path);
  } catch (error) {
    throw usageError(`The logo ${error instanceof Error ? error.message : 'cannot be read'}.`);
  }
}

/** Options and answers. Those that are absent can be undefined. */
type StatedBranding = Readonly<Partial<Record<'displayName' | 'color' | 'logo', string | undefined>>>;

/** Returns the branding that the options or the answers state. */
export const brandingOf = ({ displayName, color, logo }: StatedBranding): Branding => ({
  ...(displayName !== undefined && { name: displayName }),
  ...(color !== undefined && { color }),
  ...(logo !== undefined && { logo }),
});

/** Returns the ARN of the provider. Another owner's provider has one too, but only its owner can read it by name. */
export const providerArn = async (service: Service, named: string): Promise<string> =>
  named.startsWith('arn:') ? named : (await getProvider(service, named)).credentialProviderArn;

/** What users see on the pages: agents, and gateways. */
export interface Source {
  readonly type: 'workload-identity' | 'agentcore-gateway';
  readonly identifier: string;
}

const agentSource = (identifier: string): Source => ({ type: 'workload-identity', identifier });

const gatewaySource = async (service: Service, named: string): Promise<Source> => ({
  type: 'agentcore-gateway',
  identifier: (await findGateway(service, named)).gatewayId,
});

/** Returns the sources that the options name. For a kind that they do not name, those of before stay. */
export async function sourcesOf(
  service: Service,
  { agent, gateway }: Pick<PortalFlags, 'agent' | 'gateway'>,
  before: readonly Source[] = [],
): Promise<Source[]> {
  const kept = (type: Source['type']) => before.filter((source) => source.type === type);
  return [
    ...(agent?.map(agentSource) ?? kept('workload-identity')),
    ...(gateway
      ? await Promise.all(gateway.map((named) => gatewaySource(service, named)))
      : kept('agentcore-gateway')),
  ];
}

/** The options by the members that they set. */
export const MEMBER_OPTIONS: OptionNames = {
  name: 'the name',
  'branding.name': '--display-name',
  credentialProviderArn: '--sign-in',
  idpConfig: '--sign-in',
  scopes: '--scope',
  audience: '--audience',
  sources: '--agent and --gateway',
  'the identifier of a source': 'an agent or a gateway of the portal (--agent, --gateway)',
  description: '--description',
  color: '--color',
  logo: '--logo',
  connections: '--connection',
  'connections.workloadName': 'the agent of --connection',
  'connections.credentialProviderName': 'the provider of --connection',
  'connections.scopes': 'a scope of --connection',
  'connections.purpose': 'the purpose of --connection',
  acceptedResourceIds: '--accept',
};
