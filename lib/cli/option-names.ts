/** The messages of the service name members of requests. For a person, the command names the options that set them. */
import { ServiceFailure } from './failure';

/** Options, or words for what is no option, by the members that they set: `name`, or `branding.name` for that of `branding`. */
export type OptionNames = Readonly<Record<string, string>>;

/** Returns the option for the innermost member of a path that has one: `a.b.0` is for an element of `b`. */
function optionOf(path: string, options: OptionNames): string | undefined {
  const members = path.split('.').filter((member) => !/^\d+$/.test(member));
  return members
    .map((member, index) => [`${members[index - 1] ?? ''}.${member}`, member])
    .reverse()
    .flat()
    .flatMap((member) => (Object.hasOwn(options, member) ? [options[member]] : []))[0];
}

/** Names of members that are no English words, so that a message can contain them only as members. */
const MIXED_CASE = /^[a-z]+[A-Z]/;

/** Texts of others that a message can contain: quoted ones, URLs, and ARNs. */
const OF_OTHERS = /("[^"]*"|\b[a-z][\w+.-]*:\S+)/i;

function inOptions(message: string, paths: readonly string[], options: OptionNames): string {
  // A longer path can begin with a shorter one.
  const byLength = [...paths].sort((one, other) => other.length - one.length);
  const members = Object.entries(options).filter(([member]) => MIXED_CASE.test(member));
  const renamed = (part: string): string => {
    const withPaths = byLength.reduce(
      (text, path) => text.replaceAll(path, () => optionOf(path, options) ?? path),
      part,
    );
    return members.reduce(
      (text, [member, option]) =>
        text.replace(new RegExp(`(?<![\\w.-])${member}(?!\\w|\\.\\w)`, 'g'), () => option),
      withPaths,
    );
  };
  // The parts at odd places are those of others.
  const named = message
    .split(OF_OTHERS)
    .map((part, at) => (at % 2 === 1 ? part : renamed(part)))
    .join('');
  return named.charAt(0).toUpperCase() + named.slice(1);
}

/**
 * Sends a request. If the service rejects members of it, the error names the options that set them.
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
    const { type, httpStatus, fault, next, fields } = error;
    const paths = fields.map(({ name }) => name);
    throw new ServiceFailure(type, httpStatus, {
      fault: paths.length === 0 ? fault : inOptions(fault, paths, options),
      next: next ?? hint(error),
      fields,
    });
  }
}
