/** Which local principal sent a request to an AWS service of the embedded cloud. */
import type { IncomingMessage } from 'node:http';
import { accessKeyIdOf, isFromProgram } from './emulator-access';
import { headerLines } from './header-lines';
import type { PrincipalAccess } from './principal-access';
import { LOCAL_REGION, type Principal } from './principals';
import { verifySignature } from './sigv4';

/** Returns the principal that a request of a program names, unverified. */
export const claimedPrincipal = (
  access: PrincipalAccess | undefined,
  request: IncomingMessage,
): Principal | undefined =>
  access && isFromProgram(request)
    ? Object.values(access.principals).find(({ accessKeyId }) => accessKeyId === accessKeyIdOf(request))
    : undefined;

/** @throws SignatureError for a request that the principal did not sign for this service */
export async function verifyPrincipal(
  { service }: PrincipalAccess,
  principal: Principal,
  request: IncomingMessage,
  body: Buffer,
): Promise<void> {
  const [, path = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(request.url ?? '') ?? [];
  const { method = '', rawHeaders } = request;
  await verifySignature(
    { method, path, query, headers: headerLines(rawHeaders), body },
    { region: LOCAL_REGION, services: [service], callerOf: () => principal, now: new Date() },
  );
}
