-- One schema for SQLite and PostgreSQL: TEXT and BIGINT only. Times are milliseconds since 1970, booleans 0 or 1.

CREATE TABLE users (
    -- Ours: a re-created account gets another one, so that old tokens do not fit it. Also the WebAuthn user handle.
    user_key TEXT PRIMARY KEY,
    -- The customer's, byte for byte.
    user_id TEXT NOT NULL UNIQUE,
    username TEXT,
    display_name TEXT,
    email TEXT,
    email_verified BIGINT NOT NULL DEFAULT 0,
    phone_number TEXT,
    phone_number_verified BIGINT NOT NULL DEFAULT 0,
    locale TEXT,
    custom TEXT,
    created_at BIGINT NOT NULL,
    -- Raised by whoever is about to change the user's authenticators: that row is the lock, on both databases.
    turn BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX users_by_username ON users (username);
CREATE INDEX users_by_email ON users (email);
CREATE INDEX users_by_phone_number ON users (phone_number);

CREATE TABLE actions (
    action_key TEXT PRIMARY KEY,
    user_key TEXT NOT NULL REFERENCES users (user_key) ON DELETE CASCADE,
    code TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    state TEXT NOT NULL,
    state_updated_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    verification_method TEXT,
    verified_by TEXT,
    -- What `track` granted; a repeated `track` never adds to it.
    scope TEXT NOT NULL,
    -- Set by the one first enrolment that the action may authorise.
    first_enrolment_at BIGINT,
    attributes TEXT NOT NULL,
    UNIQUE (user_key, code, idempotency_key)
);

CREATE TABLE authenticators (
    authenticator_id TEXT PRIMARY KEY,
    user_key TEXT NOT NULL REFERENCES users (user_key) ON DELETE CASCADE,
    method TEXT NOT NULL,
    -- The action whose tokens may finish the enrolment.
    action_key TEXT,
    created_at BIGINT NOT NULL,
    verified_at BIGINT,
    last_verified_at BIGINT,
    -- E-mail address or phone number.
    address TEXT,
    display_name TEXT,
    -- WebAuthn credential id, or the public key of a device.
    credential_id TEXT UNIQUE,
    -- TOTP secret, or the WebAuthn credential as JSON.
    secret TEXT,
    -- The last TOTP step that was accepted.
    last_step BIGINT,
    details TEXT NOT NULL
);
CREATE INDEX authenticators_by_user ON authenticators (user_key);

CREATE TABLE windows (
    window_key TEXT PRIMARY KEY,
    user_key TEXT NOT NULL REFERENCES users (user_key) ON DELETE CASCADE,
    -- Removing the authenticator that opened a window ends the window.
    opened_by TEXT NOT NULL REFERENCES authenticators (authenticator_id) ON DELETE CASCADE,
    opened_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE TABLE challenges (
    challenge_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    user_key TEXT REFERENCES users (user_key) ON DELETE CASCADE,
    action_key TEXT REFERENCES actions (action_key) ON DELETE CASCADE,
    authenticator_id TEXT REFERENCES authenticators (authenticator_id) ON DELETE CASCADE,
    -- Finds the challenge where the client does not name it; never decides.
    lookup TEXT UNIQUE,
    -- What the answer is checked against: a keyed hash of a code, or the state of a WebAuthn ceremony.
    secret TEXT,
    data TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    consumed_at BIGINT
);
CREATE INDEX challenges_by_user ON challenges (user_key, kind);

CREATE TABLE wrong_codes (
    user_key TEXT NOT NULL REFERENCES users (user_key) ON DELETE CASCADE,
    action_key TEXT NOT NULL,
    method TEXT NOT NULL,
    -- The authenticator's id or address: guesses count over all tokens and re-sent codes.
    target TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX wrong_codes_by_user ON wrong_codes (user_key, method);

-- The demo's own backend: which user a browser is signed in as.
CREATE TABLE demo_sessions (
    session_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    username TEXT NOT NULL
);
