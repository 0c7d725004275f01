/** The names of the settings in messages: environment variables, or options of the command that a person started. */

export type Setting = 'PORT' | 'PUBLIC_URL' | 'DATA_DIR' | 'EXAMPLES' | 'TRUSTED_ISSUERS';

export interface SettingNames {
  /** Returns what the person who started this process calls the setting. */
  readonly of: (setting: Setting) => string;
  /** Returns the setting with a value, to copy: `PORT=4700` or `--port 4700`. */
  readonly withValue: (setting: Setting, value: string | number) => string;
}

/** @param options what the command line calls settings. Another setting is called by its environment variable. */
export function settingNames(options: Readonly<Partial<Record<Setting, string>>>): SettingNames {
  const of = (setting: Setting): string => options[setting] ?? setting;
  const withValue = (setting: Setting, value: string | number): string =>
    `${of(setting)}${setting in options ? ' ' : '='}${value}`;
  return { of, withValue };
}

export const ENVIRONMENT_VARIABLES = settingNames({});
