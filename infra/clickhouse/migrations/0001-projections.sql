-- Every table takes the rows of a block in one insert, whose token is remembered for a thousand blocks, so that the same block again changes nothing.
-- Small parts are merged sixteen at a time: merging them as they come cost a fifth of all the work.

-- One row per fact: everything that happened, in the order of its subject.
CREATE TABLE IF NOT EXISTS sluice.facts
(
    at       DateTime64(3, 'UTC'),
    sequence UInt64,
    subject  LowCardinality(String),
    version  UInt64,
    `index`  UInt32,
    kind     LowCardinality(String),
    actor    LowCardinality(String),
    type     LowCardinality(String),
    request  String,
    lease    String,
    node     LowCardinality(String),
    data     String CODEC(ZSTD(1)),
    INDEX request_bloom request TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = {{ReplacingMergeTree}}
PARTITION BY toYYYYMM(at)
ORDER BY (subject, version, `index`)
SETTINGS non_replicated_deduplication_window = 1000, min_parts_to_merge_at_once = 16;

-- One row per request, from the fact that closes its story.
CREATE TABLE IF NOT EXISTS sluice.requests
(
    at          DateTime64(3, 'UTC'),
    sequence    UInt64,
    subject     LowCardinality(String),
    version     UInt64,
    `index`     UInt32,
    request     String,
    client      LowCardinality(String),
    protocol    LowCardinality(String),
    path        LowCardinality(String),
    model       LowCardinality(String),
    pool        LowCardinality(String),
    channel     LowCardinality(String),
    account     LowCardinality(String),
    streaming   Bool,
    status      Int64,
    code        LowCardinality(String),
    attempts    UInt64,
    rateLimited UInt64 COMMENT 'attempts that the upstream refused for their rate',
    arrivedAt   DateTime64(3, 'UTC'),
    waitMs      Int64,
    ttftMs      Nullable(Int64),
    totalMs     Int64,
    bytesIn     UInt64,
    bytesOut    UInt64,
    candidates  String COMMENT 'who was passed over and why, as JSON'
)
ENGINE = {{ReplacingMergeTree}}
PARTITION BY toYYYYMM(at)
ORDER BY (subject, version, `index`)
SETTINGS non_replicated_deduplication_window = 1000, min_parts_to_merge_at_once = 16;

-- One row per metered attempt.
CREATE TABLE IF NOT EXISTS sluice.usage
(
    at                 DateTime64(3, 'UTC'),
    sequence           UInt64,
    subject            LowCardinality(String),
    version            UInt64,
    `index`            UInt32,
    request            String,
    attempt            UInt64,
    lease              String,
    channel            LowCardinality(String),
    account            LowCardinality(String),
    client             LowCardinality(String),
    model              LowCardinality(String),
    inputTokens        UInt64,
    outputTokens       UInt64,
    cacheReadTokens    UInt64,
    cacheWrite5mTokens UInt64,
    cacheWrite1hTokens UInt64,
    reasoningTokens    UInt64,
    standardCostUsd    Decimal(18, 9),
    costUsd            Decimal(18, 9),
    multiplier         Float64,
    priced             Bool,
    complete           Bool,
    estimated          Bool,
    prices             LowCardinality(String)
)
ENGINE = {{ReplacingMergeTree}}
PARTITION BY toYYYYMM(at)
ORDER BY (subject, version, `index`)
SETTINGS non_replicated_deduplication_window = 1000, min_parts_to_merge_at_once = 16;

-- One row per outcome of asking a channel for a slot; what a fact does not tell is NULL or empty.
CREATE TABLE IF NOT EXISTS sluice.admissions
(
    at       DateTime64(3, 'UTC'),
    sequence UInt64,
    subject  LowCardinality(String),
    version  UInt64,
    `index`  UInt32,
    actor    LowCardinality(String),
    request  String,
    attempt  Nullable(UInt64),
    class    LowCardinality(String),
    outcome  LowCardinality(String) COMMENT 'acquired, timed_out, abandoned or rejected',
    reason   LowCardinality(String),
    waitMs   Nullable(Int64),
    inFlight Nullable(UInt64),
    waiting  Nullable(UInt64),
    count    UInt64 COMMENT 'how many refusals one stored fact stands for'
)
ENGINE = {{ReplacingMergeTree}}
PARTITION BY toYYYYMM(at)
ORDER BY (subject, version, `index`)
SETTINGS non_replicated_deduplication_window = 1000, min_parts_to_merge_at_once = 16;

-- One row per fact of a cooldown: its start, each lengthening, its end.
CREATE TABLE IF NOT EXISTS sluice.cooldown_steps
(
    at             DateTime64(3, 'UTC'),
    sequence       UInt64,
    subject        LowCardinality(String),
    version        UInt64,
    `index`        UInt32,
    actor          LowCardinality(String),
    cooldown       String,
    step           LowCardinality(String) COMMENT 'started, extended or ended',
    until          Nullable(DateTime64(3, 'UTC')),
    consecutive    Nullable(UInt64),
    classification LowCardinality(String),
    evidence       String,
    source         LowCardinality(String),
    backoffMs      Nullable(Int64),
    retryAfterMs   Nullable(Int64),
    status         Nullable(Int64),
    summary        String,
    endedBy        LowCardinality(String)
)
ENGINE = {{ReplacingMergeTree}}
PARTITION BY toYYYYMM(at)
ORDER BY (subject, version, `index`)
SETTINGS non_replicated_deduplication_window = 1000, min_parts_to_merge_at_once = 16;

-- One row per cooldown. Every function here gives the same for a step that is there twice.
CREATE OR REPLACE VIEW sluice.cooldowns AS
SELECT
    actor,
    cooldown AS id,
    minOrNullIf(at, step = 'started') AS start,
    maxOrNullIf(at, step = 'ended') AS end,
    max(steps.until) AS until,
    dateDiff('millisecond', start, end) AS durationMs,
    max(steps.consecutive) AS consecutive,
    argMaxIf(steps.classification, (version, `index`), step != 'ended') AS classification,
    argMaxIf(steps.evidence, (version, `index`), step != 'ended') AS evidence,
    argMaxIf(steps.status, (version, `index`), step != 'ended') AS status,
    argMaxIf(steps.summary, (version, `index`), step != 'ended') AS summary,
    argMaxIf(steps.source, (version, `index`), step != 'ended') AS source,
    anyIf(steps.endedBy, step = 'ended') AS endedBy
FROM sluice.cooldown_steps AS steps
GROUP BY actor, cooldown;

-- What could not be read as a commit, whole.
CREATE TABLE IF NOT EXISTS sluice.rejected_commits
(
    sequence UInt64,
    subject  LowCardinality(String),
    id       String,
    reason   String,
    body     String CODEC(ZSTD(1))
)
ENGINE = {{ReplacingMergeTree}}
ORDER BY (subject, sequence)
SETTINGS non_replicated_deduplication_window = 1000, min_parts_to_merge_at_once = 16;

-- What is to be known of the database itself: its id.
CREATE TABLE IF NOT EXISTS sluice.meta
(
    key   String,
    value String
)
ENGINE = {{ReplacingMergeTree}}
ORDER BY key;
