CREATE TABLE agents (
  name text PRIMARY KEY,
  secret_hash bytea NOT NULL
);

-- A token of a user at a provider, or an agent's own token or API key, which have no user.
CREATE TABLE credentials (
  agent text NOT NULL REFERENCES agents (name),
  subject text NOT NULL DEFAULT '',
  provider text NOT NULL,
  iv bytea NOT NULL,
  ciphertext bytea NOT NULL,
  tag bytea NOT NULL,
  expires_at timestamptz,
  PRIMARY KEY (agent, subject, provider)
);
