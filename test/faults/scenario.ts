/** What the suite performs: one operation or step of a flow, with everything that it needs prepared again for each case. */
import type { HttpResponse } from '../local/handmade-request';
import type { Site } from './calls';
import type { Stage } from './stage';

/** Parts of the service; the first two are the part that every change must pass. */
export const PARTS = [
  'data plane',
  'consent',
  'control plane',
  'operators',
  'portal',
  'site',
  'events',
  'scheduled',
] as const;

export type Part = (typeof PARTS)[number];

export interface Prepared {
  /** The request under test. */
  readonly act: () => Promise<HttpResponse>;
  /** The request after a failure, without a fault; by default, the same. */
  readonly again?: () => Promise<HttpResponse>;
  /** Whether a response is the success of the operation; by default, a status below 400. */
  readonly isSuccess?: (response: HttpResponse) => boolean;
  /**
   * Statuses that the request after a failure can have, because the first request was performed although its response was
   * a failure: the caller finds what it requested.
   */
  readonly performed?: readonly number[];
  /** Whether the response is the documented end, after which the user consents again. */
  readonly ends?: (response: HttpResponse, site: Site) => boolean;
  /**
   * Whether the response is the documented one to a request that the AWS SDK repeated, after a function had performed it:
   * the caller finds what it requested, and `verify` checks this.
   */
  readonly isRepetitionResponse?: (response: HttpResponse) => boolean;
  /** Checks that the user can consent again. @throws Error if not */
  readonly expectWayOn?: () => Promise<void>;
  /** Whether each request stores the tokens again that a grant still has. */
  readonly storesTokensAgain?: boolean;
  /** Whether the request is sent again after a success, too. */
  readonly repeatable?: boolean;
  /** Whether the case must leave as many items as without a fault; by default, it must not leave more. */
  readonly exact?: boolean;
  /**
   * Checks the state after the last request.
   *
   * @param site the call with the fault, if there was one
   * @throws Error with the difference
   */
  readonly verify?: (site?: Site) => Promise<void>;
}

/**
 * @typeParam Shared what all cases of the scenario use; prepared again after a case that failed, or that used it up
 */
export interface ScenarioOf<Shared> {
  /** The operation, of the registry or of a schedule. */
  readonly operation: string;
  /** The case of the operation, if there are several. */
  readonly variant?: string;
  readonly part: Part;
  readonly share?: (stage: Stage) => Promise<Shared>;
  readonly prepare: (stage: Stage, shared: Shared) => Promise<Prepared>;
}

export interface Scenario extends Pick<ScenarioOf<unknown>, 'operation' | 'variant' | 'part'> {
  readonly prepare: (stage: Stage) => Promise<Prepared>;
  /** The next case does not use what this one used. */
  readonly forget: () => void;
}

/** Returns the scenario, with what its cases share. */
export function scenario<Shared>({ share, prepare, ...named }: ScenarioOf<Shared>): Scenario {
  let shared: Promise<Shared> | undefined;
  return {
    ...named,
    prepare: async (stage) => {
      shared ??= share ? share(stage) : Promise.resolve(undefined as Shared);
      return prepare(stage, await shared);
    },
    forget: () => {
      shared = undefined;
    },
  };
}

export const titleOf = ({ operation, variant }: Scenario): string =>
  variant === undefined ? operation : `${operation}, ${variant}`;
