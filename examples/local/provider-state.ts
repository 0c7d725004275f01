/**
 * The state that an oidc-provider instance must keep across restarts: its signing keys and secrets, and (as an
 * oidc-provider Adapter) clients, sessions, grants, and refresh tokens.
 */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import type { Adapter, AdapterPayload, JWK } from 'oidc-provider';
import * as v from 'valibot';
import { SealedFile } from './sealed-file';

const RecordSchema = v.object({
  /** Epoch seconds. Absent on a record that does not expire. */
  expiresAt: v.optional(v.number()),
  payload: v.record(v.string(), v.unknown()),
});

const StateSchema = v.object({
  secrets: v.record(v.string(), v.string()),
  signingKey: v.record(v.string(), v.string()),
  records: v.record(v.string(), RecordSchema),
});

/** Models that are revoked with their grant: see `revokeByGrantId` of the adapters of oidc-provider. */
const ISSUED_UNDER_A_GRANT = ['AccessToken', 'AuthorizationCode', 'RefreshToken'];

const now = (): number => Math.floor(Date.now() / 1000);

function newSigningKey(): Record<string, string> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { kty, n, e, d, p, q, dp, dq, qi } = privateKey.export({ format: 'jwk' }) as Record<string, string>;
  return Object.fromEntries(
    Object.entries({ kty, n, e, d, p, q, dp, dq, qi, kid: randomUUID(), use: 'sig', alg: 'RS256' }).filter(
      (member): member is [string, string] => member[1] !== undefined,
    ),
  );
}

export class ProviderState {
  private readonly file: SealedFile;
  private readonly document: v.InferOutput<typeof StateSchema>;

  /**
   * @param path the file that stores the state; created when absent.
   * @throws when the file is damaged.
   */
  constructor(path: string) {
    this.file = new SealedFile(path);
    this.document = v.parse(
      StateSchema,
      this.file.read() ?? { secrets: {}, signingKey: newSigningKey(), records: {} },
    );
  }

  /** Returns the private signing key in the format of the `jwks` setting of oidc-provider. */
  get jwks(): { keys: JWK[] } {
    return { keys: [this.document.signingKey] };
  }

  /** Returns a random secret that is created on first use and then stays the same. */
  secret(name: string): string {
    const known = this.document.secrets[name];
    if (known !== undefined) return known;
    const secret = randomBytes(32).toString('base64url');
    this.document.secrets[name] = secret;
    this.file.write(this.document);
    return secret;
  }

  /**
   * Returns the storage of one model of oidc-provider.
   *
   * @param model the model's name, such as `Grant` or `RefreshToken`.
   */
  adapter(model: string): Adapter {
    const { records } = this.document;
    const key = (id: string): string => `${model}:${id}`;
    const live = (record: (typeof records)[string] | undefined): AdapterPayload | undefined =>
      record === undefined || (record.expiresAt ?? Infinity) <= now() ? undefined : record.payload;
    const findBy = (member: 'uid' | 'userCode', value: string): Promise<AdapterPayload | undefined> => {
      const found = Object.entries(records).find(
        ([name, record]) => name.startsWith(`${model}:`) && record.payload[member] === value,
      );
      return Promise.resolve(live(found?.[1]));
    };

    return {
      find: (id) => Promise.resolve(live(records[key(id)])),
      findByUid: (uid) => findBy('uid', uid),
      findByUserCode: (userCode) => findBy('userCode', userCode),
      upsert: (id, payload, expiresIn) => {
        // Store a copy, because oidc-provider can change the object later.
        const record = { payload: structuredClone(payload) as Record<string, unknown> };
        records[key(id)] = expiresIn === undefined ? record : { ...record, expiresAt: now() + expiresIn };
        return this.save();
      },
      consume: (id) => {
        const record = records[key(id)];
        if (record !== undefined) record.payload.consumed = now();
        return this.save();
      },
      destroy: (id) => {
        Reflect.deleteProperty(records, key(id));
        return this.save();
      },
      revokeByGrantId: (grantId) => {
        for (const [name, record] of Object.entries(records)) {
          const kind = name.slice(0, name.indexOf(':'));
          if (ISSUED_UNDER_A_GRANT.includes(kind) && record.payload.grantId === grantId) {
            Reflect.deleteProperty(records, name);
          }
        }
        return this.save();
      },
    };
  }

  private save(): Promise<void> {
    for (const [name, record] of Object.entries(this.document.records)) {
      if ((record.expiresAt ?? Infinity) <= now()) Reflect.deleteProperty(this.document.records, name);
    }
    this.file.write(this.document);
    return Promise.resolve();
  }
}
