/** What programs in TypeScript use of it. */
export declare function installPython(folder: string): string;
