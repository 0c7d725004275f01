/** The options of every command that sends requests to the service. */
import { LOOPBACK } from '../client/endpoint';
import { usageError } from './failure';

export interface ConnectionFlags {
  readonly endpoint?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly json: boolean;
}

/** Returns the name of an option as the user writes it, without the hyphens at the beginning. */
export const kebabCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

type KebabCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `-${Lowercase<First>}`}${KebabCase<Rest>}`
  : Name;

/** An option as the user writes it. */
export type OptionName<Flags> = `--${KebabCase<keyof Flags & string>}`;

/** The values of options, by their definition. Stricli sets an option that is absent to undefined. */
export type FlagValues<Flags> = {
  readonly [Name in keyof Flags]?:
    | (Flags[Name] extends { readonly kind: 'boolean' }
        ? boolean
        : Flags[Name] extends { readonly values: readonly (infer Value)[] }
          ? Value
          : Flags[Name] extends { readonly parse: (text: string) => infer Value }
            ? Flags[Name] extends { readonly variadic: true }
              ? readonly Value[]
              : Value
            : string)
    | undefined;
};

/** An option with a text. */
export const optionalText = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse: String, optional: true, placeholder, brief }) as const;

/** The scheme is easily omitted, and `localhost:8080` would be a URL of the scheme `localhost`. */
const WEB_URL = /^https?:\/\//i;

/** @throws CliError for a text that does not begin with the scheme of a web address */
function withScheme(option: string, text: string): string {
  if (WEB_URL.test(text)) return text;
  const isHost = /^[\w.-]+(:\d+)?(\/\S*)?$/.test(text) && URL.canParse(`http://${text}`);
  // Servers on this computer rarely have certificates.
  const scheme = isHost && LOOPBACK.test(new URL(`http://${text}`).hostname) ? 'http' : 'https';
  throw usageError(
    `${option} must be a URL that begins with https://${scheme === 'http' ? ', or with http:// on this computer' : ''}.`,
    isHost ? `Did you mean ${option} ${scheme}://${text}?` : undefined,
  );
}

/**
 * An option with the URL of a server. The service decides whether http is possible.
 *
 * @param option as the user writes it
 */
export const optionalUrl = (option: string, brief: string) =>
  ({
    kind: 'parsed',
    parse: (text: string) => withScheme(option, text),
    optional: true,
    placeholder: 'URL',
    brief,
  }) as const;

/** An option with a text that can be set again for further texts. */
export const optionalTexts = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse: String, variadic: true, optional: true, placeholder, brief }) as const;

export const flag = (brief: string) =>
  ({ kind: 'boolean', default: false, withNegated: false, brief }) as const;

export const JSON_FLAG = flag('Print JSON for programs');

export const CONNECTION_FLAGS = {
  endpoint: optionalText('URL', 'Endpoint of the identity service (AGENT_IDENTITY_ENDPOINT)'),
  region: optionalText(
    'name',
    'Region of the service (default: from the endpoint, AWS_REGION, or the profile)',
  ),
  profile: optionalText('name', 'Profile of the AWS configuration with the credentials (AWS_PROFILE)'),
  json: JSON_FLAG,
} as const;
