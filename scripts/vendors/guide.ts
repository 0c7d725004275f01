/** What a vendor's page in docs/vendors/ states beyond the catalogue and the registration guide of the command. */
import type { VendorName } from '../../lambda/contract/vendors';

/** A page or a document that facts are from. */
export interface Source {
  readonly title: string;
  readonly url: string;
  /** When it was last changed, as it states itself: a year, a month, or a day. */
  readonly dated?: string;
  /** When it was read: a month or a day. */
  readonly read: string;
}

/**
 * A statement, and the sources that it is from. A statement about this service is from `service`, and the page names no
 * source. Without a source, the page says that the statement is not confirmed.
 */
export type Fact<Key extends string = string> = readonly [text: string, ...from: (Key | 'service')[]];

export interface Problem<Key extends string = string> {
  /** What a person sees at the vendor. */
  readonly sign: Fact<Key>;
  /** What to do about it. */
  readonly remedy: string;
}

export interface Guide<Key extends string = string> {
  readonly vendor: VendorName;
  /** The vendor's name, as it writes it. */
  readonly title: string;
  /** Name of the page without `.md`, and of the example provider after `my-`. */
  readonly page: string;
  readonly sources: Readonly<Record<Key, Source>>;
  /** The vendor's page about the registration. */
  readonly manual: NoInfer<Key>;
  /** The sources of the registration guide of the command (vendor-setup.ts). */
  readonly setup: readonly NoInfer<Key>[];
  /** What to do at the vendor, in order. Without steps, the page says what to look for. */
  readonly steps?: readonly Fact<NoInfer<Key>>[];
  /** Further options of `agent-identity provider add`, with a space before each. */
  readonly options?: string;
  /** What the values of `options` are. */
  readonly optionsAre?: string;
  /** Scopes for a first token. */
  readonly scopes: readonly string[];
  /** Further options of `agent-identity token get`. */
  readonly tokenOptions?: string;
  readonly accessTokens?: Fact<NoInfer<Key>>;
  readonly refreshTokens?: Fact<NoInfer<Key>>;
  readonly rotation?: Fact<NoInfer<Key>>;
  readonly pkce?: Fact<NoInfer<Key>>;
  readonly oddities?: readonly Fact<NoInfer<Key>>[];
  /** How the vendor revokes, beyond the request of the service. */
  readonly revocation?: readonly Fact<NoInfer<Key>>[];
  readonly problems?: readonly Problem<NoInfer<Key>>[];
}

/** Returns the guide. The type checks that each fact names a source of the guide. */
export const guide = <Key extends string>(stated: Guide<Key>): Guide => stated;

const GITHUB = 'https://github.com';

/** The catalogue of Nango, a project that connects to many vendors. */
export const nango = (page: string): Source => ({
  title: `NangoHQ/nango, docs/api-integrations/${page}`,
  url: `${GITHUB}/NangoHQ/nango`,
  dated: '2026-08-21',
  read: '2026-11',
});
