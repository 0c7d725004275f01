/** The name that people see for a resource: its tag `displayName`, which every AWS client can set. */
import type { OwnedResource } from './owned-resource';

export const DISPLAY_NAME_TAG = 'displayName';

/** Characters that pages show. */
const MAX_LENGTH = 64;

/** Returns the name for people; the technical name if there is no tag. */
export function displayNameOf({ name, tags }: Pick<OwnedResource, 'name' | 'tags'>): string {
  const given = tags[DISPLAY_NAME_TAG]?.trim() ?? '';
  return given === '' ? name : [...given].slice(0, MAX_LENGTH).join('');
}
