/** The emulator, for programs in TypeScript. */
export interface Emulator {
  readonly environment: NodeJS.ProcessEnv & { readonly AWS_ENDPOINT_URL: string };
  readonly stop: () => Promise<void>;
}

export declare function startEmulator(functions?: Readonly<Record<string, string>>): Promise<Emulator>;
