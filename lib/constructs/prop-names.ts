/**
 * The names of props. TypeScript and jsii report a misspelled prop; in JavaScript, it would be ignored, and the prop that it
 * stands for would keep its default.
 */
import { similarName } from '../../lambda/domain/similar-name';
import { checkedAt } from './construct-error';

/** Each prop, and whether it is required. The compiler compares it with the type of the props. */
export type PropNames<Props> = {
  readonly [Name in keyof Props]-?: object extends Pick<Props, Name> ? 'optional' : 'required';
};

function check<Props extends object>(
  props: Props,
  names: PropNames<Props>,
  isWrong: (similar: string | undefined) => boolean,
): void {
  if (typeof props !== 'object' || props === null) throw new Error('the props must be an object');
  const known = Object.keys(names);
  for (const prop of Object.keys(props)) {
    if (Object.hasOwn(names, prop)) continue;
    const similar = similarName(prop, known);
    if (!isWrong(similar)) continue;
    const advice = similar === undefined ? `The props are ${known.join(', ')}` : `Did you mean ${similar}?`;
    throw new Error(`${prop} is not a prop. ${advice}`);
  }
  const missing = known.find(
    (name) => names[name as keyof Props] === 'required' && props[name as keyof Props] === undefined,
  );
  if (missing !== undefined) throw new Error(`${missing} is required`);
}

/**
 * Checks the props of a construct. A subclass can pass more props than the construct has, so an unknown prop is an error
 * only if its name is similar to that of a prop.
 *
 * @param path of the construct
 * @throws Error for a misspelled prop, and for a required prop that is missing
 */
export function checkConstructProps<Props extends object>(
  path: string,
  props: Props,
  names: PropNames<Props>,
): void {
  checkedAt(path, () => {
    check(props, names, (similar) => similar !== undefined);
  });
}

/**
 * Checks the props of a function that returns an object, such as `OAuth2Vendor.custom`.
 *
 * @param name of the function, for the message
 * @throws Error for an unknown prop, and for a required prop that is missing
 */
export function checkPropNames<Props extends object>(
  name: string,
  props: Props,
  names: PropNames<Props>,
): void {
  checkedAt(name, () => {
    check(props, names, () => true);
  });
}
