/** The vault as a process: its settings are in the first message of its parent, which it answers with its port. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { URL } from 'node:url';
import { createRemoteJWKSet, generateKeyPair } from 'jose';
import pg from 'pg';
import { createVault, hashOf } from './app.mjs';

const LOOPBACK = '127.0.0.1';

/** Longer than any pause between requests. */
const KEEP_ALIVE_MILLISECONDS = 120_000;

process.on('disconnect', () => process.exit());

const [{ database, issuer, agents }] = await once(process, 'message');
const pool = new pg.Pool(database);
await pool.query(await readFile(join(import.meta.dirname, 'schema.sql'), 'utf8'));
for (const { name, secret } of agents)
  await pool.query('INSERT INTO agents (name, secret_hash) VALUES ($1, $2)', [name, hashOf(secret)]);
const vault = createVault({
  database: pool,
  issuer: { ...issuer, keys: createRemoteJWKSet(new URL(issuer.jwksUri)) },
  vaultKey: randomBytes(32),
  signingKeys: await generateKeyPair('ES256'),
  name: 'https://vault.example',
});
const server = vault.listen(0, LOOPBACK);
server.keepAliveTimeout = KEEP_ALIVE_MILLISECONDS;
await once(server, 'listening');
process.send({ port: server.address().port });
