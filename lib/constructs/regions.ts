/**
 * Checks of Regions, as far as synthesis knows them. A wrong Region would end a deployment in the middle, or two Regions
 * would serve one deployment.
 */
import { Token } from 'aws-cdk-lib';
import { Fact } from 'aws-cdk-lib/region-info';
import { REGION } from '../../lambda/model/regions';

/** The names of all Regions end so. A Region that CDK does not know yet is accepted, and most mistyped names are not. */
const DIRECTION = /-(north|south|east|west|central|(north|south)(east|west))-\d+$/;

/**
 * @param setting the name with which the error message begins
 * @throws Error for anything other than the code of a Region
 */
export function checkRegion(setting: string, region: string): void {
  if (Token.isUnresolved(region) || Fact.regions.includes(region)) return;
  if (REGION.test(region) && DIRECTION.test(region)) return;
  throw new Error(`${setting} must be a Region, such as eu-central-1`);
}

/**
 * @param setting the name with which the error message begins
 * @param of what has the Region
 * @throws Error for the ARN of a resource in another Region
 */
export function checkArnRegion(setting: string, arn: string, region: string, of = 'the stack'): void {
  // Any part of the ARN can be known only at deployment. A reference to a whole ARN has no parts.
  const stated = arn.split(':')[3];
  if (stated === undefined || Token.isUnresolved(stated) || Token.isUnresolved(region)) return;
  if (stated !== region) throw new Error(`${setting} must be in ${region}, the Region of ${of}`);
}
