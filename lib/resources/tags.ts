/** Tags of resources at the service, checked when the stack is synthesized. */
import { Token } from 'aws-cdk-lib';
import * as v from 'valibot';
import { OPERATIONS } from '../../lambda/operations';
import { DISPLAY_NAME_TAG } from '../../lambda/domain/display-name';
import { invalidProps } from './invalid-props';
import { MARK_PREFIX, MARKS } from '../../lambda/model/custom-resources/marks';

/** Maximum characters of a name on a page. */
const MAX_DISPLAY_NAME = 64;

const TagsSchema = OPERATIONS.TagResource.input.entries.tags;

/** Tags that a resource can have with the stack's own: the service's limit is 50. */
const MAX_TAGS = 50 - Object.keys(MARKS).length;

/**
 * @param path of the construct, for messages
 * @throws Error for tags that the service rejects
 */
export function checkTags(path: string, tags: Readonly<Record<string, string>>): void {
  if (Object.keys(tags).length > MAX_TAGS) {
    throw new Error(`${path}: tags must have up to ${MAX_TAGS} entries, not ${Object.keys(tags).length}`);
  }
  for (const [key, value] of Object.entries(tags)) {
    if (Token.isUnresolved(key)) {
      throw new Error(`${path}: The key of each tag must be known when the stack is synthesized`);
    }
    if (key.startsWith(MARK_PREFIX)) {
      throw new Error(
        `${path}: tags.${key} must not begin with ${MARK_PREFIX}, which the service reserves. If the tag comes from Tags.of, exclude the type of the resource from it.`,
      );
    }
    if (Token.isUnresolved(value)) continue;
    const parsed = v.safeParse(TagsSchema, { [key]: value });
    if (!parsed.success) throw new Error(`${path}: ${invalidProps(parsed.issues, [[/^/, 'tags.']])}`);
  }
}

/**
 * Pages show the tag `displayName` to users as the name of an agent or a provider, so it must be stated for one resource.
 * With a tag of the stack, each agent would have the same name, and the pages the look of another one.
 *
 * @param path of the construct, for messages
 * @param stated the resource's own name, from its props
 * @throws Error for a name that comes from `Tags.of`
 */
export function checkStatedName(
  path: string,
  tags: Readonly<Record<string, string>>,
  stated: string | undefined,
): void {
  const name = tags[DISPLAY_NAME_TAG];
  if (name === undefined || name === stated) return;
  throw new Error(
    `${path}: tags.${DISPLAY_NAME_TAG} must not come from Tags.of, because pages show it as the name of the resource. Use the prop displayName, and exclude the type of the resource from the tag.`,
  );
}

/**
 * @param path of the construct, for messages
 * @throws Error for a name that pages would not show completely
 */
export function checkDisplayName(path: string, displayName: string | undefined): void {
  if (displayName === undefined || Token.isUnresolved(displayName)) return;
  if (displayName.trim() !== '' && displayName.length <= MAX_DISPLAY_NAME) return;
  throw new Error(
    `${path}: displayName must have 1 to ${MAX_DISPLAY_NAME} characters, not ${displayName.trim() === '' ? 'only white space' : displayName.length}`,
  );
}
