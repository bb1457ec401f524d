-- How limits change that are learned, or that an operator changes.

-- One row per change of an account's limit; what a fact does not tell is NULL or empty.
CREATE TABLE IF NOT EXISTS sluice.adjustments
(
    at             DateTime64(3, 'UTC'),
    sequence       UInt64,
    subject        LowCardinality(String),
    version        UInt64,
    `index`        UInt32,
    actor          LowCardinality(String),
    channel        LowCardinality(String),
    `from`         Nullable(UInt64),
    `to`           Nullable(UInt64),
    reason         LowCardinality(String) COMMENT 'that of the adjustment; mode or learning_reset for what an operator did',
    mode           LowCardinality(String) COMMENT 'what the limit became where an operator changed its kind: adaptive or fixed',
    classification LowCardinality(String),
    inFlight       Nullable(UInt64),
    utilization    Nullable(Float64),
    samples        Nullable(UInt64),
    `by`           LowCardinality(String)
)
ENGINE = {{ReplacingMergeTree}}
PARTITION BY toYYYYMM(at)
ORDER BY (subject, version, `index`)
SETTINGS non_replicated_deduplication_window = 1000, min_parts_to_merge_at_once = 16;

ALTER TABLE sluice.limits
    ADD COLUMN IF NOT EXISTS adaptive Bool COMMENT 'whether the limit is learned',
    ADD COLUMN IF NOT EXISTS initial Nullable(UInt64) COMMENT 'where it began';

-- What was told before there was this table; once more after a crash gives the same rows.
INSERT INTO sluice.adjustments (at, sequence, subject, version, `index`, actor, channel, `from`, `to`, reason, mode, classification, inFlight, utilization, samples, `by`)
SELECT
    at,
    sequence,
    subject,
    version,
    `index`,
    actor,
    replaceOne(subject, 'sluice.log.channel.', ''),
    JSONExtract(data, 'from', 'Nullable(UInt64)'),
    coalesce(JSONExtract(data, 'limit', 'Nullable(UInt64)'), JSONExtract(data, 'to', 'Nullable(UInt64)')),
    multiIf(type = 'account.mode_changed', 'mode', type = 'account.learning_reset', 'learning_reset', JSONExtractString(data, 'reason')),
    multiIf(type != 'account.mode_changed', '', JSONHas(data, 'to', 'adaptive'), 'adaptive', 'fixed'),
    JSONExtractString(data, 'classification'),
    JSONExtract(data, 'inFlight', 'Nullable(UInt64)'),
    JSONExtract(data, 'utilization', 'Nullable(Float64)'),
    JSONExtract(data, 'samples', 'Nullable(UInt64)'),
    JSONExtractString(data, 'by')
FROM sluice.facts FINAL
WHERE type IN ('account.limit_adjusted', 'account.mode_changed', 'account.learning_reset');

-- Accounts that learn were among the limits as if they had none: the later row counts.
INSERT INTO sluice.limits
SELECT limits.* REPLACE (
    true AS adaptive,
    coalesce(
        JSONExtract(configured.data, 'context', 'learning', 'limit', 'Nullable(UInt64)'),
        JSONExtract(configured.data, 'config', 'concurrency', 'adaptive', 'initial', 'Nullable(UInt64)')
    ) AS initial
)
FROM (SELECT * FROM sluice.limits FINAL) AS limits
INNER JOIN
(
    SELECT subject, version, `index`, data
    FROM sluice.facts FINAL
    WHERE (type = 'account.configured' AND JSONHas(data, 'config', 'concurrency', 'adaptive'))
        OR (type = 'account.checkpointed' AND JSONHas(data, 'context', 'config', 'concurrency', 'adaptive'))
) AS configured USING (subject, version, `index`);
