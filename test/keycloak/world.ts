/**
 * Two realms with the same user: `people` signs users in, `calendar` guards what they own. Both are on Keycloak's
 * defaults, but that refresh tokens are used once and events are recorded in `calendar`.
 */
import type { TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import type { KeycloakAdmin, Realm } from './admin';
import { application, PASSWORD, USERNAME } from './people';
import type { Service } from './service';

/** The application whose users the service trusts. */
export const APPLICATION = 'app';

/** Algorithms that Keycloak signs access tokens by, one application for each. */
export const ALGORITHMS = ['RS256', 'ES256', 'PS256', 'EdDSA'] as const;

export const applicationOf = (algorithm: (typeof ALGORITHMS)[number]): string =>
  `${APPLICATION}-${algorithm.toLowerCase()}`;

/** An application whose user tokens are for the realm `calendar` alone. */
export const CALENDAR_APPLICATION = `${APPLICATION}-calendar`;

/** Events of refresh tokens, which Keycloak does not record by default. */
export const REFRESH_EVENTS = ['REFRESH_TOKEN', 'REFRESH_TOKEN_ERROR'] as const;

/** What the deployment trusts: access tokens of `people` that these applications got. */
export const trustOf = (url: string): TrustedIssuer[] => [
  {
    discoveryUrl: `${url}/realms/people/.well-known/openid-configuration`,
    allowedClients: [APPLICATION, CALENDAR_APPLICATION, ...ALGORITHMS.map(applicationOf)],
  },
];

export class World {
  private constructor(
    readonly service: Service,
    readonly people: Realm,
    readonly calendar: Realm,
    /** The user as tokens of `people` name it, and as `calendar` does. */
    readonly subjects: { readonly people: string; readonly calendar: string },
  ) {}

  static async create(service: Service, admin: KeycloakAdmin): Promise<World> {
    const people = await admin.realm('people');
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
