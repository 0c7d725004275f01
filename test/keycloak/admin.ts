/** Keycloak's Admin REST API: an administrator creates realms, users, clients, and identity providers. */

export interface Administrator {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

/** Settings of a client that differ from Keycloak's defaults. */
export interface ClientSettings {
  readonly clientId: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly [member: string]: unknown;
}

/** An event that a realm has recorded. */
export interface RealmEvent {
  readonly type: string;
  readonly error?: string;
}

export class KeycloakAdmin {
  constructor(private readonly administrator: Administrator) {}

  /** The token is valid for one minute, so each request gets a new one. */
  private async token(): Promise<string> {
    const { url, username, password } = this.administrator;
    const response = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username, password }),
    });
    const { access_token: token } = (await response.json()) as { access_token?: string };
    if (token === undefined) throw new Error(`the sign-in of the administrator failed: ${response.status}`);
    return token;
  }

  private async send(method: string, path: string, body?: object): Promise<Response> {
    const response = await fetch(`${this.administrator.url}/admin/realms${path}`, {
      method,
      headers: { authorization: `Bearer ${await this.token()}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) {
      throw new Error(`${method} ${path} returned ${response.status}: ${await response.text()}`);
    }
    return response;
  }

  /** @returns the ID of the new resource, which is the last part of its URL */
  private async create(path: string, body: object): Promise<string> {
    const response = await this.send('POST', path, body);
    return (response.headers.get('location') ?? '').split('/').at(-1) ?? '';
  }

  async realm(realm: string, settings: object = {}): Promise<Realm> {
    await this.send('POST', '', { realm, enabled: true, ...settings });
    return new Realm(`${this.administrator.url}/realms/${realm}`, {
      create: (path, body) => this.create(`/${realm}${path}`, body),
      read: async (path) => (await this.send('GET', `/${realm}${path}`)).json(),
      ask: async (path, body) => (await this.send('POST', `/${realm}${path}`, body)).json(),
      send: async (method, path, body) => {
        await this.send(method, `/${realm}${path}`, body);
      },
    });
  }
}

interface RealmAdmin {
  create(path: string, body: object): Promise<string>;
  read(path: string): Promise<unknown>;
  /** @returns the body of the response to a POST request */
  ask(path: string, body: object): Promise<unknown>;
  send(method: string, path: string, body?: object): Promise<void>;
}

export class Realm {
  constructor(
    readonly issuer: string,
    private readonly admin: RealmAdmin,
  ) {}

  get discoveryUrl(): string {
    return `${this.issuer}/.well-known/openid-configuration`;
  }

  endpoint(name: string): string {
    return `${this.issuer}/protocol/openid-connect/${name}`;
  }

  /** @returns the user's ID, which is `sub` in tokens of this realm */
  user(username: string, password: string): Promise<string> {
    return this.admin.create('/users', {
      username,
      enabled: true,
      email: `${username}@example.com`,
      emailVerified: true,
      firstName: username,
      lastName: 'Example',
      credentials: [{ type: 'password', value: password, temporary: false }],
    });
  }

  async client(settings: ClientSettings): Promise<void> {
    await this.admin.create('/clients', { protocol: 'openid-connect', ...settings });
  }

  /** @returns a token that registers one client (RFC 7591) */
  async initialAccessToken(): Promise<string> {
    const answer = await this.admin.ask('/clients-initial-access', { count: 1, expiration: 600 });
    return (answer as { token: string }).token;
  }

  /** Adds a policy for clients that are registered with an initial access token. */
  async registrationPolicy(providerId: string): Promise<void> {
    await this.admin.create('/components', {
      name: providerId,
      providerId,
      providerType: 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy',
      subType: 'authenticated',
    });
  }

  /** Has the realm read client ID metadata documents on loopback, also by http. */
  async readMetadataDocuments(): Promise<void> {
    const name = 'metadata-documents';
    const domains = ['127.0.0.1'];
    const executors = [
      {
        executor: 'client-id-metadata-document',
        configuration: { 'cimd-allow-http-scheme': true, 'cimd-allow-permitted-domains': domains },
      },
    ];
    const conditions = [
      {
        condition: 'client-id-uri',
        configuration: {
          'client-id-uri-scheme': ['http', 'https'],
          'client-id-uri-allow-permitted-domains': domains,
        },
      },
    ];
    await this.admin.send('PUT', '/client-policies/profiles', { profiles: [{ name, executors }] });
    await this.admin.send('PUT', '/client-policies/policies', {
      policies: [{ name, enabled: true, conditions, profiles: [name] }],
    });
  }

  /** Creates a client scope that each new client of this realm has. */
  async defaultScope(name: string, mapper: object): Promise<void> {
    const id = await this.admin.create('/client-scopes', {
      name,
      protocol: 'openid-connect',
      protocolMappers: [mapper],
    });
    await this.admin.send('PUT', `/default-default-client-scopes/${id}`);
  }

  /** @returns how many clients have this name */
  async clientsNamed(name: string): Promise<number> {
    const clients = (await this.admin.read('/clients')) as { readonly name?: string }[];
    return clients.filter((client) => client.name === name).length;
  }

  async identityProvider(settings: object): Promise<void> {
    await this.admin.create('/identity-provider/instances', settings);
  }

  /** Links a user of this realm with a user of an identity provider. */
  async link(userId: string, alias: string, subject: string, username: string): Promise<void> {
    const path = `/users/${userId}/federated-identity/${alias}`;
    await this.admin.create(path, { identityProvider: alias, userId: subject, userName: username });
  }

  /** Creates the stream of a client for security events (SSF). */
  async stream(clientId: string, settings: object): Promise<void> {
    await this.admin.send('POST', `/ssf/clients/${clientId}/stream`, settings);
  }

  /** Has the transmitter send a verification event to the client's stream. */
  async verifyStream(clientId: string): Promise<void> {
    await this.admin.send('POST', `/ssf/clients/${clientId}/stream/verify`);
  }

  async disableUser(userId: string): Promise<void> {
    await this.admin.send('PUT', `/users/${userId}`, { enabled: false });
  }

  /** Ends all sessions of the user. */
  async logOut(userId: string): Promise<void> {
    await this.admin.send('POST', `/users/${userId}/logout`);
  }

  async deleteSession(sessionId: string): Promise<void> {
    await this.admin.send('DELETE', `/sessions/${sessionId}`);
  }

  async resetPassword(userId: string, value: string): Promise<void> {
    const credential = { type: 'password', value, temporary: false };
    await this.admin.send('PUT', `/users/${userId}/reset-password`, credential);
  }

  /** Events of these types of a client. */
  async events(clientId: string, types: readonly string[]): Promise<RealmEvent[]> {
    const query = new URLSearchParams({ client: clientId });
    for (const type of types) query.append('type', type);
    return (await this.admin.read(`/events?${query.toString()}`)) as RealmEvent[];
  }
}
