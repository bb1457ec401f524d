-- Requests that are refused before anybody knows who calls, or very many of one client, are told of by their number.
ALTER TABLE sluice.requests
    ADD COLUMN IF NOT EXISTS count UInt64 DEFAULT 1 COMMENT 'how many requests the row stands for: 1, or as many as were refused before anything else was known of them';
