/**
 * Create, update, replace, and delete. Any request can arrive twice, and the function can stop after any step.
 *
 * Tags mark each resource with its stack and logical ID, in the same write that creates it. A retry or a cleanup
 * recognizes its own resources by the mark, and never changes or deletes others. Because another principal can copy the
 * mark, a marked resource is kept only after it has proved to belong to this function. An adopted resource, which existed
 * before the request, is marked as adopted: its deletion, as in a rollback, releases the resource with all of its grants.
 * So is one that left the stack and comes back: the mark contains the request that created the resource.
 *
 * | request | under the name                | then                                                       |
 * | ------- | ----------------------------- | ---------------------------------------------------------- |
 * | Create  | nothing                       | created                                                    |
 * |         | our own, of this request      | updated: the request arrived twice                         |
 * |         | our own, of an earlier one    | marked as adopted, then updated                            |
 * |         | another principal's           | refused, whatever its marks                                |
 * |         | not marked, `importExisting`  | updated, then marked as adopted                            |
 * |         | not marked                    | refused                                                    |
 * | Update  | the same name                 | updated; created again if it was deleted, unless refused   |
 * |         | another name                  | as Create, unless refused; CloudFormation then deletes the old one |
 * | Delete  | our own, created              | deleted                                                    |
 * |         | our own, adopted              | released                                                   |
 * |         | nothing, or another's         | nothing                                                    |
 */
import { Refusal, type DeployedResource, type Described, type Desired, type Tags } from './deployed-resource';
import { MARKS } from '../model/custom-resources/marks';
import type { Properties, Request } from '../model/custom-resources/request';
import type { Outcome } from './response';

type Origin = 'created' | 'adopted';

type Place = Pick<Request, 'StackId' | 'LogicalResourceId'>;

type Creation = Place & Pick<Request, 'RequestId'>;

/** A request that describes the resource. */
type DefiningRequest = Exclude<Request, { RequestType: 'Delete' }>;

const markOf = ({ StackId, LogicalResourceId, RequestId }: Creation, origin: Origin): Tags => ({
  [MARKS.stack]: StackId,
  [MARKS.resource]: LogicalResourceId,
  [MARKS.origin]: origin,
  [MARKS.request]: RequestId,
});

const isMarked = (tags: Tags, { StackId, LogicalResourceId }: Place): boolean =>
  tags[MARKS.stack] === StackId && tags[MARKS.resource] === LogicalResourceId;

const wasAdopted = (tags: Tags): boolean => tags[MARKS.origin] === 'adopted';

/** Returns whether the stack has the resource since an earlier request: then a failure of this one is not its deletion. */
const isUpdated = (request: DefiningRequest): boolean =>
  request.RequestType === 'Update' && request.PhysicalResourceId === request.ResourceProperties.name;

const belongsToAnother = (name: string): Refusal =>
  new Refusal(`"${name}" already exists and belongs to another IAM principal. Choose another name.`);

const done = (name: string, { arn, attributes }: Described): Outcome => ({
  status: 'SUCCESS',
  name,
  attributes: { ...attributes, Arn: arn, Name: name },
});

/**
 * Sets the policy, and makes sure that the resource belongs to this function. A mark proves nothing, because owners set
 * any tags. The stack's policy does not allow this function, so only the owner can read the policy while it is in force.
 * Until then, the function changes nothing else and sends no secret.
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
 * Sets the stack's tags, and removes tags that the stack no longer has. Other tags stay.
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
  // First, because the number of tags is limited.
  if (removed.length > 0) await resource.untag(arn, removed);
  if (changed.length > 0) await resource.tag(arn, Object.fromEntries(changed));
}

/**
 * Adopts an existing resource. One without the stack's mark is marked last, so that a partly updated one is never deleted as
 * the stack's own.
 */
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
  const returns = ours && !isUpdated(request) && tags[MARKS.request] !== request.RequestId;
  // Before anything can fail: CloudFormation then asks to delete what the request might have created.
  if (returns) await resource.tag(present.arn, markOf(request, 'adopted'));
  await keepOwn(resource, present, desired, policy);
  const described = await resource.update(desired);
  await retag(resource, described, tags, request);
  if (!ours) await resource.tag(described.arn, markOf(request, 'adopted'));
  return described;
}

/** Undoes an incomplete creation immediately, because CloudFormation never asks about a failed replacement again. */
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

/** Creates the resource, or adopts the one that has its name. */
async function establish(
  resource: DeployedResource,
  request: DefiningRequest,
  desired: Desired,
): Promise<Described> {
  const { name } = desired;
  const created = await create(resource, request, desired);
  if (created) return created;
  const present = await resource.read(name);
  if (present === 'none') throw new Refusal(`"${name}" was deleted during the request. Deploy again.`);
  if (present === 'anothers') throw belongsToAnother(name);
  return takeOver(resource, request, desired, present);
}

async function update(
  resource: DeployedResource,
  request: DefiningRequest,
  desired: Desired,
): Promise<Described> {
  const present = await resource.read(desired.name);
  if (typeof present === 'object') return takeOver(resource, request, desired, present);
  resource.checkCreationByUpdate?.(desired);
  return establish(resource, request, desired);
}

async function remove(resource: DeployedResource, place: Place, name: string): Promise<void> {
  const present = await resource.read(name);
  if (typeof present !== 'object') return;
  const tags = await resource.tagsOf(present.arn);
  if (!isMarked(tags, place)) return;
  await (wasAdopted(tags) ? resource.untag(present.arn, Object.values(MARKS)) : resource.delete(name));
}

/**
 * @param desiredOf resolves the properties, and reads the secret that they name
 * @throws Refusal or another error; then the resource is unchanged, or is marked so that its deletion finds it
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
  const put = request.RequestType === 'Create' ? establish : update;
  return done(name, await put(resource, request, desired));
}
