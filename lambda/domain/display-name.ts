/** The name that people see for a resource: its tag `displayName`, which every AWS client can set. */
import type { OwnedResource } from '../model/records/owned-resource';

export const DISPLAY_NAME_TAG = 'displayName';

/** Characters that pages show. */
const MAX_LENGTH = 64;

/** Control and format characters, which could hide or reorder the text around them. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Returns the name for people; the technical name if there is no tag. */
export function displayNameOf({ name, tags }: Pick<OwnedResource, 'name' | 'tags'>): string {
  const tagged = Object.hasOwn(tags, DISPLAY_NAME_TAG) ? tags[DISPLAY_NAME_TAG] : undefined;
  const given = tagged?.replaceAll(UNSEEN, '').trim() ?? '';
  return given === '' ? name : [...given].slice(0, MAX_LENGTH).join('');
}

/** Returns text of another party for a page: a mark takes the place of each character that pages do not show. */
export const shownText = (text: string): string => text.replaceAll(UNSEEN, '\uFFFD');

/** A technical name, and the name for people. */
export interface Named {
  readonly name: string;
  readonly displayName: string;
}

/** Returns both names of a resource. */
export const namedOf = (resource: Pick<OwnedResource, 'name' | 'tags'>): Named => ({
  name: resource.name,
  displayName: displayNameOf(resource),
});
