/** What binds a sign-in to the browser and the portal in which it began. */
import { hashOf, isHashOf } from '../digest';
import type { SignInBinding } from '../oauth/sign-in';

/** Seconds in which a person has to sign in at the identity provider. The browser keeps the secret as long. */
export const SIGN_IN_SECONDS = 600;

/** @param secret of the browser's cookie: 32 random bytes, base64url */
export function bindingOf(portalId: string, secret: string): SignInBinding {
  const derived = (purpose: string) => hashOf(JSON.stringify(['portal sign-in', purpose, portalId, secret]));
  return { state: derived('state'), nonce: derived('nonce'), codeVerifier: derived('code_verifier') };
}

/** Returns whether the state is that of the sign-in, in constant time. @param secret as of {@link bindingOf} */
export const isResponseTo = (portalId: string, secret: string, state: string | undefined): boolean =>
  isHashOf(hashOf(bindingOf(portalId, secret).state), state);
