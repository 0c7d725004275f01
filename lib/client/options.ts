/**
 * What the functions of this package require of their options. TypeScript reports most mistakes, but code without types can
 * pass anything, and a function that returns options can return a misspelled name. No message contains a value.
 */
import { ConfigurationError } from './errors';

/** What the value of an option must be. */
export interface Requirement {
  readonly accepts: (value: unknown) => boolean;
  /** What the value must be, with an example: continues "must be". */
  readonly description: string;
  readonly isOptional?: boolean;
}

/** The requirements of all options of a function. */
export type Requirements<Options> = Readonly<Record<keyof Options, Requirement>>;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether the value has these methods, as objects and classes have. */
const hasMethods =
  (...names: readonly string[]) =>
  (value: unknown): boolean =>
    isObject(value) && names.every((name) => typeof value[name] === 'function');

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

/** Whether the value can be iterated. A string can, too, and would be taken for a list of its characters. */
export const isCollection = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;

/** Requests can be repeated, so the list must be one that can be read more than once: an iterator returns itself. */
const isListOfText = (value: unknown): boolean =>
  isCollection(value) &&
  (value[Symbol.iterator]() as unknown) !== value &&
  [...value].every((one) => typeof one === 'string');

export const text = (example: string): Requirement => ({
  accepts: isText,
  description: `a non-empty string, such as ${example}`,
});

/** @param example one string of the list */
export const listOfText = (example: string): Requirement => ({
  accepts: isListOfText,
  description: `a collection of strings, such as [${example}]`,
});

/** @param names the values that are possible */
export const oneOf = (...names: readonly string[]): Requirement => ({
  accepts: (value) => names.includes(value as string),
  description: `one of ${names.map((name) => `'${name}'`).join(', ')}`,
});

export const callback = (example: string): Requirement => ({
  accepts: (value) => typeof value === 'function',
  description: `a function, such as ${example}`,
});

/** @param description what the value must be, with an example */
export const objectWith = (methods: readonly string[], description: string): Requirement => ({
  accepts: hasMethods(...methods),
  description,
});

export const flag: Requirement = {
  accepts: (value) => typeof value === 'boolean',
  description: 'true or false',
};

/** @param example such as `{ prompt: 'login' }` */
export const record = (example: string): Requirement => ({
  accepts: (value) => isObject(value) && Object.values(value).every((one) => typeof one === 'string'),
  description: `an object whose values are strings, such as ${example}`,
});

export const optional = (requirement: Requirement): Requirement => ({ ...requirement, isOptional: true });

export const IDENTITY = objectWith(['send'], 'a client of the identity service: createIdentityClient()');

/** A frequent mistake is to pass all that `fromGate` returns. */
export const WORKLOAD_TOKEN: Requirement = {
  accepts: (value) => isText(value) || hasMethods('get', 'renew')(value),
  description:
    'a workload access token or a source of such tokens: fromGate(request.headers).workloadIdentityToken, or workloadAccessTokens(identity, { workloadName, userToken })',
};

/** Returns the name that was probably meant: the one that has the most pairs of characters in common (Dice). */
function similarName(name: string, names: readonly string[]): string | undefined {
  const pairsOf = (text: string) =>
    Array.from(text, (_, index) => text.slice(index, index + 2).toLowerCase());
  const pairs = pairsOf(name);
  const likeness = (candidate: string) => {
    const others = pairsOf(candidate);
    return pairs.filter((pair) => others.includes(pair)).length / (pairs.length + others.length);
  };
  const [nearest = ''] = [...names].sort((one, other) => likeness(other) - likeness(one));
  return likeness(nearest) > 1 / 4 ? nearest : undefined;
}

/**
 * Validates one argument or option.
 *
 * @param caller the function that the value was passed to, for the message
 * @throws ConfigurationError
 */
export function checkValue(caller: string, name: string, value: unknown, requirement: Requirement): void {
  const { accepts, description, isOptional = false } = requirement;
  if (value === undefined ? isOptional : accepts(value)) return;
  throw new ConfigurationError(
    value === undefined
      ? `\`${name}\` of ${caller} is missing. It must be ${description}.`
      : `\`${name}\` of ${caller} must be ${description}${isOptional ? ', or left out' : ''}.`,
  );
}

/**
 * Validates the options of a function. Unknown options are first: one that is misspelled can be the one that is missing.
 *
 * @param caller the function that the options were passed to, for the message
 * @throws ConfigurationError
 */
export function checkOptions<Options>(
  caller: string,
  options: unknown,
  requirements: Requirements<Options>,
): void {
  const names = Object.keys(requirements);
  if (!isObject(options)) {
    const required = Object.entries<Requirement>(requirements).filter(([, { isOptional }]) => !isOptional);
    throw new ConfigurationError(
      `The options of ${caller} must be an object: { ${required.map(([name]) => name).join(', ')} }.`,
    );
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(requirements, name)) continue;
    const similar = similarName(name, names);
    throw new ConfigurationError(
      similar === undefined
        ? `Unknown option \`${name}\` of ${caller}. The options are ${names.join(', ')}.`
        : `Unknown option \`${name}\` of ${caller}. Did you mean \`${similar}\`?`,
    );
  }
  for (const [name, requirement] of Object.entries<Requirement>(requirements)) {
    checkValue(caller, name, options[name], requirement);
  }
}
