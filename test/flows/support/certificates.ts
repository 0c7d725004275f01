/** Private certificate authorities, and certificates that they issue for this machine. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import forge from 'node-forge';

export interface IssuedCertificate {
  /** Certificate in PEM form. */
  readonly cert: string;
  /** Private key in PEM form. */
  readonly key: string;
}

export interface TestAuthority extends IssuedCertificate {
  /** Issues a certificate for a server at 127.0.0.1 and localhost, or at another host or address. */
  server(host?: string): IssuedCertificate;
  /** Issues the certificate of an authority under this one. */
  intermediate(): TestAuthority;
}

interface Validity {
  readonly from?: Date;
  readonly to?: Date;
}

const DAY = 86_400_000;

const nameOf = (commonName: string) => [{ name: 'commonName', value: commonName }];

const newKeyPair = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });

/** The key pair of all servers: only authorities differ by their keys. */
let serverKeyPair: ReturnType<typeof newKeyPair> | undefined;

function newCertificate(
  commonName: string,
  extensions: object[],
  issuer: IssuedCertificate | undefined,
  { from = new Date(Date.now() - DAY), to = new Date(Date.now() + 3650 * DAY) }: Validity = {},
  { privateKey, publicKey } = newKeyPair(),
): IssuedCertificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = `01${randomBytes(8).toString('hex')}`;
  certificate.validity.notBefore = from;
  certificate.validity.notAfter = to;
  certificate.setSubject(nameOf(commonName));
  certificate.setIssuer(
    issuer ? forge.pki.certificateFromPem(issuer.cert).subject.attributes : nameOf(commonName),
  );
  certificate.setExtensions(extensions);
  certificate.sign(forge.pki.privateKeyFromPem(issuer?.key ?? privateKey), forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate).replaceAll('\r', ''), key: privateKey };
}

let names = 0;
/** Returns a name that no other authority has: an issuer is found by its name. */
const newName = (): string => `private authority ${(names += 1)}`;

const AUTHORITY = [
  { name: 'basicConstraints', cA: true, critical: true },
  { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
];

const serverExtensions = (host: string) => [
  { name: 'basicConstraints', cA: false, critical: true },
  { name: 'extKeyUsage', serverAuth: true },
  {
    name: 'subjectAltName',
    altNames: isIP(host)
      ? [{ type: 7, ip: host }]
      : [{ type: 2, value: host }, ...(host === 'localhost' ? [{ type: 7, ip: '127.0.0.1' }] : [])],
  },
];

function authorityOf(issued: IssuedCertificate): TestAuthority {
  return {
    ...issued,
    server: (host = 'localhost') =>
      newCertificate(host, serverExtensions(host), issued, {}, (serverKeyPair ??= newKeyPair())),
    intermediate: () => authorityOf(newCertificate(newName(), AUTHORITY, issued)),
  };
}

/** @param validity by default, from yesterday for ten years */
export const createAuthority = (validity?: Validity): TestAuthority =>
  authorityOf(newCertificate(newName(), AUTHORITY, undefined, validity));
