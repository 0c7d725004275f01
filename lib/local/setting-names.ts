/** The names of the settings in messages: environment variables, or options of the command that a person started. */

export type Setting = 'PORT' | 'DATA_DIR' | 'EXAMPLES' | 'TRUSTED_ISSUERS';

export type SettingNames = Readonly<Partial<Record<Setting, string>>>;

let names: SettingNames = {};

/** Sets the names for this process. A setting without a name is called by its environment variable. */
export const nameSettings = (used: SettingNames): void => {
  names = used;
};

/** Returns what the person who started this process calls the setting. */
export const settingName = (setting: Setting): string => names[setting] ?? setting;

/** Returns the setting with a value, to copy: `PORT=4700` or `--port 4700`. */
export const settingWith = (setting: Setting, value: string | number): string => {
  const name = settingName(setting);
  return name.startsWith('--') ? `${name} ${value}` : `${name}=${value}`;
};
