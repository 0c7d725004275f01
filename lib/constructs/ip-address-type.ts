/**
 * The IP versions over which an API and its domain name can be called.
 * Source: API Gateway developer guide, "IP address types for REST APIs in API Gateway".
 */
import { Token } from 'aws-cdk-lib';
import { IpAddressType } from 'aws-cdk-lib/aws-apigateway';
import { mustBe } from './construct-error';

/** @throws Error for another type, and for IPv4 alone of a private API, which API Gateway rejects */
export function checkIpAddressType(type: IpAddressType | undefined, isPrivate: boolean): void {
  if (type === undefined || Token.isUnresolved(type)) return;
  const accepted = isPrivate ? [IpAddressType.DUAL_STACK] : Object.values(IpAddressType);
  if (accepted.includes(type)) return;
  throw new Error(
    mustBe('ipAddressType', `${accepted.join(' or ')}${isPrivate ? ' with privateApi' : ''}`, type),
  );
}
