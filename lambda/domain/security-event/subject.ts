/**
 * Subject identifiers (RFC 9493; SSF 1.0 section 3). A subject is a user, and at most one session of that
 * user. An event about a subject in another form has no effect.
 */
import * as v from 'valibot';

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(2048));

const IssSub = v.object({ format: v.literal('iss_sub'), iss: text, sub: text });
const Opaque = v.object({ format: v.literal('opaque'), id: text });
const Complex = v.looseObject({
  format: v.literal('complex'),
  user: v.optional(v.unknown()),
  session: v.optional(v.unknown()),
});

/** The user that an event is about. */
export interface EventSubject {
  readonly issuer: string;
  readonly subject: string;
  /** The session ID, as in the `sid` claim of the user's tokens; undefined for all sessions. */
  readonly sessionId?: string | undefined;
  /** Members that narrow the subject further, and that this service does not know: a device, a group. */
  readonly narrowedBy: readonly string[];
}

/** Keycloak's session ID if an administrator ends all sessions of a user. */
const ALL_SESSIONS = 'ALL';

const KNOWN_MEMBERS: readonly string[] = ['format', 'user', 'session', 'tenant'];

/** Earlier drafts name the format `subject_type`, with a hyphen, and Google still does. */
function withFormat(identifier: unknown): unknown {
  const old = v.safeParse(
    v.looseObject({ subject_type: v.string(), format: v.optional(v.never()) }),
    identifier,
  );
  if (!old.success) return identifier;
  return { ...old.output, format: old.output.subject_type.replaceAll('-', '_') };
}

/**
 * Returns the subject; a text that says why it cannot be used; or undefined if it is malformed.
 *
 * @param identifier `sub_id` of a SET or of a revocation request
 */
export function eventSubject(identifier: unknown): EventSubject | string | undefined {
  const form = withFormat(identifier);
  const simple = v.safeParse(IssSub, form);
  if (simple.success) return { issuer: simple.output.iss, subject: simple.output.sub, narrowedBy: [] };

  const complex = v.safeParse(Complex, form);
  if (complex.success) {
    const user = v.safeParse(IssSub, withFormat(complex.output.user));
    if (!user.success) return 'the complex subject has no user in the format iss_sub';
    const { session } = complex.output;
    const opaque = v.safeParse(Opaque, withFormat(session));
    if (session !== undefined && !opaque.success) return 'the session of the complex subject is not opaque';
    const id = opaque.success ? opaque.output.id : ALL_SESSIONS;
    return {
      issuer: user.output.iss,
      subject: user.output.sub,
      ...(id !== ALL_SESSIONS && { sessionId: id }),
      narrowedBy: Object.keys(complex.output).filter((member) => !KNOWN_MEMBERS.includes(member)),
    };
  }

  const other = v.safeParse(v.looseObject({ format: text }), form);
  if (!other.success) return undefined;
  // The formats of the schemas above are malformed here.
  if (['iss_sub', 'complex'].includes(other.output.format)) return undefined;
  return 'the format of the subject is not supported';
}
