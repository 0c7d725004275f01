/** What programs in TypeScript use of it. */
export declare const PROGRAM: string;
export declare function installVault(): void;
