/** What programs in TypeScript use of it. */
import type { Administrator } from './admin.js';

export interface Keycloak extends Administrator {
  /** The first of its processes; the others are its descendants. */
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

export interface KeycloakMode {
  readonly command: readonly string[];
  readonly heap: string;
}

export declare const FOR_BENCHMARKS: KeycloakMode;

export declare function startKeycloak(mode?: KeycloakMode): Promise<Keycloak>;
