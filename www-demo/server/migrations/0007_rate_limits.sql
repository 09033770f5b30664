-- Sends and verifies that are limited, counted over all tokens and instances.
CREATE TABLE rates (
    -- The user's key; or an address, where no user is known.
    subject TEXT NOT NULL,
    what TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX rates_by_subject ON rates (subject, what, at);
