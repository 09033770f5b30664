-- How far a question to a phone, or a link, has come: pending, claimed, approved or rejected.
ALTER TABLE challenges ADD COLUMN progress TEXT NOT NULL DEFAULT 'pending';

-- What was sent to people; in local mode nothing leaves the machine.
CREATE TABLE outbox (
    message_id TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    code TEXT,
    url TEXT,
    challenge_id TEXT,
    user_id TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX outbox_by_position ON outbox (position);
