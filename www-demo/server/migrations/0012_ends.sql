-- What finds the rows that have ended, for whoever deletes them while others wait for their turn to write.
CREATE INDEX challenges_by_end ON challenges (expires_at);
CREATE INDEX windows_by_end ON windows (ends_at);
CREATE INDEX wrong_codes_by_time ON wrong_codes (at);
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE INDEX outbox_by_time ON outbox (created_at);
CREATE INDEX rates_by_time ON rates (at);
CREATE INDEX webhooks_by_time ON webhooks (created_at);
