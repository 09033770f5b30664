-- What is told to the customer's backend. An event is stored by the transaction that makes it true, and sent after.
CREATE TABLE webhooks (
    event_id TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    kind TEXT NOT NULL,
    -- The exact text that is signed and sent, each time the same.
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- waiting, delivered, failed; or unsent, where there is no address to send it to.
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    -- When it is to be sent next; nothing if whoever made it sends it itself.
    next_at BIGINT,
    -- What the last attempt was answered with: a status, or what went wrong.
    outcome TEXT
);
CREATE INDEX webhooks_by_position ON webhooks (position);
CREATE INDEX webhooks_by_next_at ON webhooks (next_at);
