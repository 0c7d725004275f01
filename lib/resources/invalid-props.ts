/** What is wrong with the props of a construct, in the words of the service's schemas. */
import type { BaseIssue } from 'valibot';
import { invalidFields } from '../../lambda/domain/invalid-fields';

/** From a member of the API to the prop that it comes from. All of them apply, in order. */
type Renamings = readonly (readonly [member: RegExp, prop: string])[];

/** Returns the text that begins with a member, with the prop instead. */
export const propOf = (text: string, renamings: Renamings): string =>
  renamings.reduce((renamed, [member, prop]) => renamed.replace(member, prop), text);

/** Returns each invalid prop and what it must be. */
export const invalidProps = (issues: readonly BaseIssue<unknown>[], renamings: Renamings): string =>
  invalidFields(issues, 'is not a prop')
    .map(({ name, message }) => `${propOf(name, renamings)} ${message}`)
    .join('; ');
