/** What programs in TypeScript use of it. */
export declare function freePort(): Promise<number>;
