-- Application sessions: each refresh token is a row; those of one sign-in are a family, which ends as a whole.
CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    family TEXT NOT NULL,
    user_key TEXT NOT NULL REFERENCES users (user_key) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    verification_method TEXT,
    refresh_hash TEXT NOT NULL UNIQUE,
    -- The challenge token that the family came from: it makes one.
    token_id TEXT UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    rotated_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX sessions_by_family ON sessions (family);
CREATE INDEX sessions_by_user ON sessions (user_key);
