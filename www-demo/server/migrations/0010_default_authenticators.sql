-- The authenticator that the backend wants its user asked for first; of a user who has none such, the oldest is.
ALTER TABLE authenticators ADD COLUMN is_default BIGINT NOT NULL DEFAULT 0;
