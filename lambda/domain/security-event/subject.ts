/**
 * Subject identifiers (RFC 9493; SSF 1.0 section 3). A subject is a user, and at most one session of that
 * user. An event about a subject in another form has no effect.
 */
import * as v from 'valibot';

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(2048));

const IssSub = v.object({ format: v.literal('iss_sub'), iss: text, sub: text });
const Opaque = v.object({ format: v.literal('opaque'), id: text });
const Email = v.object({ format: v.literal('email'), email: text });
const Complex = v.looseObject({
  format: v.literal('complex'),
  user: v.optional(v.unknown()),
  session: v.optional(v.unknown()),
});

/** A user by the claims of a user token, or by an email address of the issuer that reports. */
export type NamedUser = { readonly issuer: string; readonly subject: string } | { readonly email: string };

/** The user that an event is about. */
export interface EventSubject {
  readonly user: NamedUser;
  /** The session ID, as in the `sid` claim of the user's tokens; undefined for all sessions. */
  readonly sessionId?: string | undefined;
  /** Members of a complex subject that this service does not use. */
  readonly unused: readonly string[];
  /** Those of them that narrow the subject further: a device, a group. */
  readonly narrowedBy: readonly string[];
}

/** Keycloak's session ID if an administrator ends all sessions of a user. */
const ALL_SESSIONS = 'ALL';

const USED_MEMBERS: readonly string[] = ['format', 'user', 'session'];
/** The issuer is the tenant. */
const NOT_NARROWING: readonly string[] = ['tenant'];

/**
 * The other formats of RFC 9493 and CAEP 1.0 with their members, to tell a malformed identifier from an unsupported
 * one.
 */
const OTHER_FORMATS: ReadonlyMap<string, readonly string[]> = new Map([
  ['account', ['uri']],
  ['aliases', []],
  ['did', ['url']],
  ['email', ['email']],
  ['jwt_id', ['iss', 'jti']],
  ['opaque', ['id']],
  ['phone_number', ['phone_number']],
  ['saml_assertion_id', ['issuer', 'assertion_id']],
  ['uri', ['uri']],
]);

/** Earlier drafts name the format `subject_type`, with a hyphen, and Google still does. */
function withFormat(identifier: unknown): unknown {
  const old = v.safeParse(
    v.looseObject({ subject_type: v.string(), format: v.optional(v.never()) }),
    identifier,
  );
  if (!old.success) return identifier;
  return { ...old.output, format: old.output.subject_type.replaceAll('-', '_') };
}

function namedUser(identifier: unknown): NamedUser | undefined {
  const issSub = v.safeParse(IssSub, identifier);
  if (issSub.success) return { issuer: issSub.output.iss, subject: issSub.output.sub };
  const email = v.safeParse(Email, identifier);
  return email.success ? { email: email.output.email } : undefined;
}

/**
 * Returns the subject; a text that says why it cannot be used; or undefined if it is malformed.
 *
 * @param identifier `sub_id` of a SET or of a revocation request
 */
export function eventSubject(identifier: unknown): EventSubject | string | undefined {
  const form = withFormat(identifier);
  const simple = namedUser(form);
  if (simple) return { user: simple, unused: [], narrowedBy: [] };

  const complex = v.safeParse(Complex, form);
  if (complex.success) {
    const user = namedUser(withFormat(complex.output.user));
    if (!user) return 'the complex subject has no user in a format that is supported';
    const { session } = complex.output;
    const opaque = v.safeParse(Opaque, withFormat(session));
    if (session !== undefined && !opaque.success) return 'the session of the complex subject is not opaque';
    const id = opaque.success ? opaque.output.id : ALL_SESSIONS;
    const unused = Object.keys(complex.output).filter((member) => !USED_MEMBERS.includes(member));
    return {
      user,
      ...(id !== ALL_SESSIONS && { sessionId: id }),
      unused,
      narrowedBy: unused.filter((member) => !NOT_NARROWING.includes(member)),
    };
  }

  const other = v.safeParse(v.looseObject({ format: text }), form);
  if (!other.success) return undefined;
  // The formats of the schemas above are malformed here.
  if (['iss_sub', 'complex'].includes(other.output.format)) return undefined;
  const members = OTHER_FORMATS.get(other.output.format) ?? [];
  const isMalformed = members.some((member) => !v.is(text, other.output[member]));
  return isMalformed ? undefined : 'the format of the subject is not supported';
}

/** Returns the ID of a subject in the format `opaque`. */
export function opaqueId(identifier: unknown): string | undefined {
  const parsed = v.safeParse(Opaque, withFormat(identifier));
  return parsed.success ? parsed.output.id : undefined;
}
