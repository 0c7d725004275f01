/** What programs in TypeScript use of it. */
export declare function installPython(folder: string): string;
export declare class InstallationError extends Error {}
export declare class MissingPrograms extends Error {}
