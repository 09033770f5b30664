-- Wrong codes of a challenge that a backend made count as well, where nobody may know yet whose it is: SQLite takes no
-- NOT NULL back, so that the table is made anew.
CREATE TABLE guesses (
    -- Nobody's, while only the address is known.
    user_key TEXT REFERENCES users (user_key) ON DELETE CASCADE,
    -- Of the token that was used; a backend's own challenge needs none.
    action_key TEXT,
    method TEXT NOT NULL,
    -- The authenticator's id or address: guesses count over all tokens and re-sent codes.
    target TEXT NOT NULL,
    at BIGINT NOT NULL
);
INSERT INTO guesses (user_key, action_key, method, target, at)
    SELECT user_key, action_key, method, target, at FROM wrong_codes;
DROP TABLE wrong_codes;
ALTER TABLE guesses RENAME TO wrong_codes;
CREATE INDEX wrong_codes_by_target ON wrong_codes (target, at);
CREATE INDEX wrong_codes_by_user ON wrong_codes (user_key);
