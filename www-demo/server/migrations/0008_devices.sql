-- Where a user comes from: browsers and apps, by the id that the client keeps (`deviceId`, the cookie `__as_aid`).
CREATE TABLE devices (
    user_key TEXT NOT NULL REFERENCES users (user_key) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When a challenge was last met on it, and by which method.
    authenticated_at BIGINT,
    last_verification_method TEXT,
    invalidated_at BIGINT,
    -- Until when the backend wants it remembered.
    remembered_until BIGINT,
    PRIMARY KEY (user_key, device_id)
);
