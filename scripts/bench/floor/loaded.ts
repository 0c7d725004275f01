/** The parts of jose that a function uses. The floor loads them, as the function does, and does not call them. */
export {
  CompactEncrypt,
  compactDecrypt,
  decodeJwt,
  decodeProtectedHeader,
  importJWK,
  importPKCS8,
  jwtVerify,
  SignJWT,
} from 'jose';
