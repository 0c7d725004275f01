/**
 * Returns the part of a secret that is random: the signature of a JWT, and the identifier in a URL or URN. The
 * rest is the same in texts that contain no secret.
 */
export function secretPart(secret: string): string {
  // `e30` is an empty header, of a JWT that a test makes up.
  if (/^(eyJ[\w-]*|e30)\./.test(secret)) return secret.slice(secret.lastIndexOf('.') + 1);
  if (/^(urn:|https?:|\?)/.test(secret)) return secret.split(/[?&=:./]|%3A/).at(-1) ?? secret;
  // A state and a completion URI begin with the hash of the session.
  return /^[\w-]{20,}\.[\w-]{20,}$/.test(secret) ? secret.slice(secret.indexOf('.') + 1) : secret;
}
