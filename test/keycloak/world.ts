/**
 * Two realms with the same user: `people` signs users in, and `calendar` protects their data. Both have Keycloak's
 * defaults, except that `calendar` accepts refresh tokens only once and records events.
 */
import type { DeployedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import { hashOf } from '../../lambda/domain/digest';
import type { KeycloakAdmin, Realm } from './admin';
import { application, PASSWORD, USERNAME } from './people';
import { newSecret, type Service } from './service';

/** The application whose users the service trusts. */
export const APPLICATION = 'app';

/** Signature algorithms of access tokens, with one application for each. */
export const ALGORITHMS = ['RS256', 'ES256', 'PS256', 'EdDSA'] as const;

export const applicationOf = (algorithm: (typeof ALGORITHMS)[number]): string =>
  `${APPLICATION}-${algorithm.toLowerCase()}`;

/** An application whose user tokens are only for the realm `calendar`. */
export const CALENDAR_APPLICATION = `${APPLICATION}-calendar`;

/** Events of refresh tokens, which Keycloak does not record by default. */
export const REFRESH_EVENTS = ['REFRESH_TOKEN', 'REFRESH_TOKEN_ERROR'] as const;

/** An application whose users are cut off by security events. */
export const EVENTS_APPLICATION = `${APPLICATION}-events`;

/** An application whose users are cut off by back-channel logout. */
export const LOGOUT_APPLICATION = `${APPLICATION}-logout`;

/** `aud` of the security events. */
export const EVENTS_AUDIENCE = 'https://agents.example';

/** The `Authorization` header of the stream of security events. */
export const EVENTS_AUTHORIZATION = `Bearer ${newSecret()}`;

/** The deployment's trusted issuer: access tokens of `people` for these applications, and its security events. */
export const trustOf = (url: string): DeployedIssuer[] => [
  {
    discoveryUrl: `${url}/realms/people/.well-known/openid-configuration`,
    allowedClients: [
      ...[APPLICATION, CALENDAR_APPLICATION, EVENTS_APPLICATION, LOGOUT_APPLICATION],
      ...ALGORITHMS.map(applicationOf),
    ],
    securityEvents: {
      id: 'people',
      transmitter: {
        issuer: `${url}/realms/people`,
        jwksUri: `${url}/realms/people/protocol/openid-connect/certs`,
        audience: [EVENTS_AUDIENCE],
        authorizationHash: hashOf(EVENTS_AUTHORIZATION),
      },
      backChannelLogout: { clientIds: [LOGOUT_APPLICATION] },
    },
  },
];

export class World {
  private constructor(
    readonly service: Service,
    readonly people: Realm,
    readonly calendar: Realm,
    /** The user's ID in tokens of `people` and of `calendar`. */
    readonly subjects: { readonly people: string; readonly calendar: string },
  ) {}

  static async create(service: Service, admin: KeycloakAdmin): Promise<World> {
    const people = await admin.realm('people', { attributes: { 'ssf.transmitterEnabled': 'true' } });
    const calendar = await admin.realm('calendar', {
      revokeRefreshToken: true,
      refreshTokenMaxReuse: 0,
      eventsEnabled: true,
      enabledEventTypes: REFRESH_EVENTS,
    });
    await people.client(application('another-app'));
    const subjects = {
      people: await people.user(USERNAME, PASSWORD),
      calendar: await calendar.user(USERNAME, PASSWORD),
    };
    return new World(service, people, calendar, subjects);
  }
}
