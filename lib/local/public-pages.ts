/**
 * The pages of the service at a public https URL, through a tunnel of the user's choice: a second port on loopback with the
 * routes that browsers and authorization servers visit, and no other.
 */
import { consent } from '../../lambda/operations/oauth-callback/consent';
import { metadata } from '../../lambda/operations/oauth-callback/metadata';
import { pages } from '../../lambda/operations/portal/pages';
import { bindApi, type BoundApi } from './gateways';
import { portBehind, type DerivedPort } from './loopback-server';
import type { SettingNames } from './setting-names';

export interface PublicPages {
  /** Public https URL of the service. */
  readonly url: string;
  /** Where the tunnel sends requests. */
  readonly tunnelTo: string;
}

/** All that is reachable from outside. None of these routes needs a signature. */
export const PUBLIC_ROUTES = Object.values({ ...consent, ...metadata, ...pages });

const PUBLIC_OFFSET = 14;

/** @param servicePort port of the service; 0 for a free port */
export const publicPort = (servicePort: number): DerivedPort =>
  portBehind(servicePort, PUBLIC_OFFSET, 'the tunnel of the public URL');

/** @throws StartError for a port that is taken or not permitted */
export const bindPublicPages = (servicePort: number, names?: SettingNames): Promise<BoundApi> =>
  bindApi(publicPort(servicePort), names);
