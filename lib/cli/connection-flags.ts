/** The options of every command that sends requests to the service. */

export interface ConnectionFlags {
  readonly endpoint?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly json: boolean;
}

/** An option with a text. */
export const optionalText = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse: String, optional: true, placeholder, brief }) as const;

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
