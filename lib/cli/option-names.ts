/** The messages of the service name members of requests. For a person, the command names the options that set them. */
import { ServiceFailure, type InvalidField } from './failure';

/**
 * Options, or words for what is no option, by what a message of the service contains: the member that they set (`name`, or
 * `branding.name` for that of `branding`), a value (`M2M`), an operation, or a phrase.
 */
export type OptionNames = Readonly<Record<string, string>>;

/** What sets members that have the same option in every command. */
const OF_EVERY_COMMAND: OptionNames = {
  name: 'the name',
  workloadName: '--agent',
  providerName: '--provider',
  owner: '--owner',
  reason: '--reason',
  userId: '--user-id',
  issuer: '--issuer',
  subject: '--subject',
  userHash: '--user-hash',
  grantId: '--grant-id',
  revocationId: 'the revocation ID',
};

/** Options with JSON, whose members a person wrote with their names in the API. */
const WITH_JSON: ReadonlySet<string | undefined> = new Set([
  '--connection',
  '--private-endpoint',
  '--private-endpoint-override',
]);

/**
 * Returns the option for the innermost member of a path that has one: `a.b.0` is for an element of `b`. For JSON, the rest
 * of the path precedes it, in quotation marks, so that the member keeps its name.
 */
function optionOf(path: string, options: OptionNames): string | undefined {
  const members = path.split('.').filter((member) => !/^\d+$/.test(member));
  const named = members.map(
    (member, index) =>
      [`${members[index - 1] ?? ''}.${member}`, member]
        .filter((name) => Object.hasOwn(options, name))
        .map((name) => options[name])[0],
  );
  const option = named.filter((name) => name !== undefined).at(-1);
  const rest = members.slice(named.indexOf(option) + 1);
  return WITH_JSON.has(option) && rest.length > 0 ? `"${rest.join('.')}" of ${option}` : option;
}

/** What a message can contain only as a name of the API: no English word, or several words. */
const OF_THE_API = /[A-Z ]/;

/** Texts of others that a message can contain: quoted ones, URLs, and ARNs. */
const OF_OTHERS = /("[^"]*"|\b[a-z][\w+.-]*:\S+)/i;

/** A path of a member in the text of a rule. */
const PATH = /\boauth2ProviderConfigInput(\.\w+)+/g;

/** The regular expression at the end of a rule, which says the same in words. */
const PATTERN = / \(must match \/.*\/[a-z]*\)$/;

/** Returns the message in which an option precedes each rule. The rule continues the name: `must be …`. */
const withOptions = (message: string, fields: readonly InvalidField[], options: OptionNames): string =>
  fields.reduce((text, { name, message: rule }) => {
    const written = [`${name}: ${rule}`, `${name} ${rule}`].find((one) => text.includes(one));
    return written === undefined
      ? text
      : text.replace(written, () => `${optionOf(name, options) ?? name} ${rule.replace(PATTERN, '')}`);
  }, message);

/** Returns the message with the names of the command. */
function inOptions(message: string, fields: readonly InvalidField[], options: OptionNames): string {
  // A longer name can begin with a shorter one.
  const names = Object.entries(options)
    .filter(([name]) => OF_THE_API.test(name))
    .sort(([one], [other]) => other.length - one.length);
  const renamed = (part: string): string =>
    names
      .reduce(
        (text, [name, option]) =>
          text.replace(new RegExp(`(?<![\\w.-])${name}(?!\\w|\\.\\w)`, 'g'), () => option),
        part.replace(PATH, (path) => optionOf(path, options) ?? path),
      )
      // A member whose rule begins with a value of it.
      .replace(/(--[\w-]+) (?=\1\b)/g, '');
  // The parts at odd places are those of others.
  const parts = withOptions(message, fields, options).split(OF_OTHERS);
  const named = parts.map((part, at) => (at % 2 === 1 ? part : renamed(part))).join('');
  // An ARN or a URL at the start stays as it is.
  return parts[0] === '' ? named : named.charAt(0).toUpperCase() + named.slice(1);
}

/**
 * Sends a request. The error of a request that the service rejects names the options that set its members.
 *
 * @param hint what to do about the error, beyond what its message says
 * @throws ServiceFailure
 */
export async function namingOptions<Output>(
  options: OptionNames,
  request: () => Promise<Output>,
  hint: (failure: ServiceFailure) => string | undefined = () => undefined,
): Promise<Output> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof ServiceFailure)) throw error;
    const { type, httpStatus, stated, next, fields, problem } = error;
    throw new ServiceFailure(type, httpStatus, {
      fault: inOptions(stated, fields, { ...OF_EVERY_COMMAND, ...options }),
      stated,
      next: next ?? hint(error),
      fields,
      problem,
    });
  }
}
