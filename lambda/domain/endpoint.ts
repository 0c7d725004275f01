import { endpointFault, type EndpointPolicy } from '../model/endpoint';
import { invalidMember } from './service-error';

/**
 * Checks the URL of an external endpoint.
 *
 * @throws ValidationException that names the member
 */
export function checkEndpoint(member: string, text: string, policy: EndpointPolicy): void {
  const fault = endpointFault(text, policy);
  if (fault) throw invalidMember(member, fault);
}
