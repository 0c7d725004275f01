/**
 * Create, update, replace, delete, so that any request may come twice and any step may be the last one.
 *
 * Each resource is marked, by tags, with the stack and the logical id that it belongs to: in the same write that
 * creates it. So whoever comes again, or comes to clean up what was left half-way, knows what is its own, and nothing
 * else is ever changed or deleted. Another principal can copy the mark: what has it is kept only after it has proved to
 * belong to this function. A resource that was there before and was adopted is marked so: when its turn comes,
 * as when a deployment is rolled back, it is let go and not deleted, with all the grants in it.
 *
 * | request | under the name                | then                                                       |
 * | ------- | ----------------------------- | ---------------------------------------------------------- |
 * | Create  | nothing                       | created                                                    |
 * |         | our own                       | brought up to date: the request came twice                 |
 * |         | another's, with our mark      | refused                                                    |
 * |         | another's, `importExisting`   | brought up to date, then marked as adopted                 |
 * |         | another's                     | refused                                                    |
 * | Update  | the same name                 | brought up to date; made anew if somebody deleted it       |
 * |         | another name                  | as Create; CloudFormation then deletes the old one         |
 * | Delete  | our own, created              | deleted                                                    |
 * |         | our own, adopted              | let go                                                     |
 * |         | nothing, or another's         | nothing                                                    |
 */
import { Refusal, type DeployedResource, type Described, type Desired, type Tags } from './deployed-resource';
import { MARKS } from '../contract/resource-marks';
import type { Properties, Request } from '../contract/resource-request';
import type { Outcome } from './response';

type Origin = 'created' | 'adopted';

type Place = Pick<Request, 'StackId' | 'LogicalResourceId'>;

/** A request that says what the resource must be. */
type DefiningRequest = Exclude<Request, { RequestType: 'Delete' }>;

const markOf = ({ StackId, LogicalResourceId }: Place, origin: Origin): Tags => ({
  [MARKS.stack]: StackId,
  [MARKS.resource]: LogicalResourceId,
  [MARKS.origin]: origin,
});

const isMarked = (tags: Tags, { StackId, LogicalResourceId }: Place): boolean =>
  tags[MARKS.stack] === StackId && tags[MARKS.resource] === LogicalResourceId;

const wasAdopted = (tags: Tags): boolean => tags[MARKS.origin] === 'adopted';

const belongsToAnother = (name: string): Refusal =>
  new Refusal(`"${name}" exists already and belongs to another IAM principal. Choose another name.`);

const done = (name: string, { arn, attributes }: Described): Outcome => ({
  status: 'SUCCESS',
  name,
  attributes: { ...attributes, Arn: arn, Name: name },
});

/**
 * Sets the policy, and makes sure that the resource belongs to this function: a mark proves nothing, because owners set
 * tags as they like. The stack's policy does not let this function in; so while it is in force, only the owner can read
 * it. Nothing else is changed, and no secret handed over, before that.
 */
async function keepOwn(
  resource: DeployedResource,
  { arn }: Described,
  { name }: Desired,
  policy: string,
): Promise<void> {
  await resource.setPolicy(arn, policy);
  if ((await resource.policyOf(arn)) !== policy) throw belongsToAnother(name);
}

/**
 * Sets the tags of the stack, and removes those that the stack no longer has. Tags from elsewhere stay.
 *
 * @param present the tags of the resource
 */
async function retag(
  resource: DeployedResource,
  { arn }: Described,
  present: Tags,
  request: DefiningRequest,
): Promise<void> {
  const { tags = {} } = request.ResourceProperties;
  const former = request.RequestType === 'Update' ? request.OldResourceProperties?.tags : undefined;
  const removed = Object.keys(former ?? {}).filter((key) => !(key in tags) && key in present);
  const changed = Object.entries(tags).filter(([key, value]) => present[key] !== value);
  // First, because a resource has room for a limited number.
  if (removed.length > 0) await resource.untag(arn, removed);
  if (changed.length > 0) await resource.tag(arn, Object.fromEntries(changed));
}

/** Takes over what has the name already. Its mark comes last: one that was changed half-way is not ours to delete. */
async function takeOver(
  resource: DeployedResource,
  request: DefiningRequest,
  desired: Desired,
  present: Described,
): Promise<Described> {
  const { policy, importExisting } = request.ResourceProperties;
  const tags = await resource.tagsOf(present.arn);
  const ours = isMarked(tags, request);
  if (!ours && importExisting !== 'true') {
    throw new Refusal(
      `"${desired.name}" exists already and is not of this stack. Choose another name, or set importExisting so that this stack takes it over.`,
    );
  }
  if (ours) {
    await keepOwn(resource, present, desired, policy);
    const kept = await resource.update(desired);
    await retag(resource, kept, tags, request);
    return kept;
  }
  const described = await resource.update(desired);
  await resource.setPolicy(described.arn, policy);
  await retag(resource, described, tags, request);
  await resource.tag(described.arn, markOf(request, 'adopted'));
  return described;
}

/** What cannot be finished is taken back at once: a replacement that fails is asked about by nobody later. */
async function create(
  resource: DeployedResource,
  request: DefiningRequest,
  desired: Desired,
): Promise<Described | undefined> {
  const { policy, tags } = request.ResourceProperties;
  const created = await resource.create(desired, { ...tags, ...markOf(request, 'created') });
  if (!created) return undefined;
  try {
    if (policy !== '') await resource.setPolicy(created.arn, policy);
  } catch (error) {
    await resource.delete(desired.name);
    throw error;
  }
  return created;
}

/** Creates it, or takes over what stands under the name. */
async function establish(
  resource: DeployedResource,
  request: DefiningRequest,
  desired: Desired,
): Promise<Described> {
  const { name } = desired;
  const created = await create(resource, request, desired);
  if (created) return created;
  const present = await resource.read(name);
  if (present === 'none') throw new Refusal(`"${name}" was deleted while it was looked at. Deploy again.`);
  if (present === 'anothers') throw belongsToAnother(name);
  return takeOver(resource, request, desired, present);
}

async function update(
  resource: DeployedResource,
  request: DefiningRequest,
  desired: Desired,
): Promise<Described> {
  const present = await resource.read(desired.name);
  return typeof present === 'object'
    ? takeOver(resource, request, desired, present)
    : establish(resource, request, desired);
}

async function remove(resource: DeployedResource, place: Place, name: string): Promise<void> {
  const present = await resource.read(name);
  if (typeof present !== 'object') return;
  const tags = await resource.tagsOf(present.arn);
  if (!isMarked(tags, place)) return;
  await (wasAdopted(tags) ? resource.untag(present.arn, Object.values(MARKS)) : resource.delete(name));
}

/**
 * @param desiredOf reads the secret that the properties name
 * @throws Refusal, and whatever else went wrong; then the resource is as it was, or marked so that its deletion finds it
 */
export async function perform(
  resource: DeployedResource,
  desiredOf: (properties: Properties) => Promise<Desired>,
  request: Request,
): Promise<Outcome> {
  if (request.RequestType === 'Delete') {
    const { PhysicalResourceId: name } = request;
    await remove(resource, request, name);
    return { status: 'SUCCESS', name, attributes: {} };
  }
  const { ResourceProperties: properties } = request;
  const desired = await desiredOf(properties);
  const { name } = desired;
  if (request.RequestType === 'Create' || request.PhysicalResourceId !== name) {
    return done(name, await establish(resource, request, desired));
  }
  return done(name, await update(resource, request, desired));
}
