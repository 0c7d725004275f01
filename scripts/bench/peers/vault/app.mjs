/**
 * A token vault as teams write it by hand: Express, PostgreSQL, AES-256-GCM, and jose. It exchanges a user's token for
 * a token of the agent, and returns the credentials that it keeps. `npm run bench -- --peers` compares the service to it.
 *
 * It has none of what a service in production also needs: consent, renewal, policies, revocation, rotation of its keys,
 * an audit log, and limits.
 */
import { Buffer } from 'node:buffer';
import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import express from 'express';
import { errors, jwtVerify, SignJWT } from 'jose';

const ALGORITHM = 'aes-256-gcm';
const TOKEN_LIFETIME = '15m';

export const hashOf = (secret) => createHash('sha256').update(secret).digest();

function basicCredentials(header = '') {
  const [, encoded = ''] = /^Basic (.+)$/.exec(header) ?? [];
  return Buffer.from(encoded, 'base64').toString('utf8').split(':');
}

/**
 * @param database a pool of `pg`
 * @param issuer of users' tokens: its identifier `issuer`, its keys for jose, and the `client` that gets the tokens
 * @param vaultKey 32 bytes
 * @param signingKeys key pair for ES256
 * @param name identifier of this vault, the issuer of its tokens
 */
export function createVault({ database, issuer, vaultKey, signingKeys, name }) {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json());

  /** The agent's token, for a user or for itself. */
  app.post('/token', async (request, response) => {
    const { userToken } = request.body;
    const [agent = '', secret = ''] = basicCredentials(request.headers.authorization);
    const { rows } = await database.query({
      name: 'agent',
      text: 'SELECT secret_hash FROM agents WHERE name = $1',
      values: [agent],
    });
    if (!rows[0] || !timingSafeEqual(rows[0].secret_hash, hashOf(secret)))
      return response.status(401).json({ error: 'invalid_client' });
    const subject = userToken === undefined ? '' : await subjectOf(userToken);
    const token = await new SignJWT({ act: { sub: agent } })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(name)
      .setAudience(name)
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime(TOKEN_LIFETIME)
      .sign(signingKeys.privateKey);
    return response.json({ token });
  });

  async function subjectOf(userToken) {
    const { payload } = await jwtVerify(userToken, issuer.keys, { issuer: issuer.issuer });
    if (payload.azp !== issuer.client)
      throw new errors.JWTClaimValidationFailed('The token is for another client.', payload, 'azp');
    return payload.sub;
  }

  app.use('/credentials', async (request, response, next) => {
    const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    const { payload } = await jwtVerify(token, signingKeys.publicKey, { issuer: name, audience: name });
    response.locals.owner = [payload.act.sub, payload.sub];
    next();
  });

  app.put('/credentials/:provider', async (request, response) => {
    const { value, expiresAt } = request.body;
    const iv = randomBytes(12);
    const owner = [...response.locals.owner, request.params.provider];
    const cipher = createCipheriv(ALGORITHM, vaultKey, iv).setAAD(Buffer.from(JSON.stringify(owner)));
    const ciphertext = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
    await database.query(
      `INSERT INTO credentials (agent, subject, provider, iv, ciphertext, tag, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (agent, subject, provider)
       DO UPDATE SET iv = $4, ciphertext = $5, tag = $6, expires_at = $7`,
      [...owner, iv, ciphertext, cipher.getAuthTag(), expiresAt === undefined ? null : new Date(expiresAt)],
    );
    response.status(204).end();
  });

  app.get('/credentials/:provider', async (request, response) => {
    const owner = [...response.locals.owner, request.params.provider];
    const { rows } = await database.query({
      name: 'credential',
      text: `SELECT iv, ciphertext, tag, expires_at FROM credentials
             WHERE agent = $1 AND subject = $2 AND provider = $3`,
      values: owner,
    });
    const [row] = rows;
    if (!row || (row.expires_at !== null && row.expires_at <= new Date()))
      return response.status(404).json({ error: 'not_found' });
    const decipher = createDecipheriv(ALGORITHM, vaultKey, row.iv)
      .setAAD(Buffer.from(JSON.stringify(owner)))
      .setAuthTag(row.tag);
    const value = Buffer.concat([decipher.update(row.ciphertext), decipher.final()]).toString('utf8');
    return response.json({ value });
  });

  // Express recognizes a handler of errors by its four parameters.
  app.use((error, _request, response, next) => {
    if (response.headersSent) return next(error);
    const isToken = error.code?.startsWith('ERR_J');
    return response.status(isToken ? 401 : 500).json({ error: isToken ? 'invalid_token' : 'server_error' });
  });

  return app;
}
