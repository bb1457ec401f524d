-- What the facts of sessions, windows of cost and configuration tell, and what older facts tell since.

ALTER TABLE sluice.requests
    ADD COLUMN IF NOT EXISTS session String,
    ADD COLUMN IF NOT EXISTS sessionSource LowCardinality(String) COMMENT 'where the key of the session was found';

ALTER TABLE sluice.usage
    ADD COLUMN IF NOT EXISTS windowStart Nullable(DateTime64(3, 'UTC')) COMMENT 'as it was known then; window_cost goes by the times';

ALTER TABLE sluice.admissions
    ADD COLUMN IF NOT EXISTS account LowCardinality(String),
    ADD COLUMN IF NOT EXISTS session String,
    ADD COLUMN IF NOT EXISTS accountInFlight Nullable(UInt64);

ALTER TABLE sluice.cooldown_steps
    ADD COLUMN IF NOT EXISTS model LowCardinality(String) COMMENT 'the one that cools; empty where all do';

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
    anyIf(steps.endedBy, step = 'ended') AS endedBy,
    argMaxIf(steps.model, (version, `index`), step != 'ended') AS model
FROM sluice.cooldown_steps AS steps
GROUP BY actor, cooldown;

-- One row per fact of a stay: its begin, its end.
CREATE TABLE IF NOT EXISTS sluice.session_steps
(
    at         DateTime64(3, 'UTC'),
    sequence   UInt64,
    subject    LowCardinality(String),
    version    UInt64,
    `index`    UInt32,
    account    LowCardinality(String),
    session    String,
    stay       String,
    step       LowCardinality(String) COMMENT 'registered or ended',
    lastSeenAt Nullable(DateTime64(3, 'UTC')),
    why        LowCardinality(String) COMMENT 'expired, failed, account_closed or unbound'
)
ENGINE = {{ReplacingMergeTree}}
PARTITION BY toYYYYMM(at)
ORDER BY (subject, version, `index`)
SETTINGS non_replicated_deduplication_window = 1000, min_parts_to_merge_at_once = 16;

-- One row per stay of a session on an account; lastSeen is known when it has ended.
CREATE OR REPLACE VIEW sluice.sessions AS
SELECT
    account,
    any(steps.session) AS session,
    stay,
    minOrNullIf(at, step = 'registered') AS registered,
    max(lastSeenAt) AS lastSeen,
    maxOrNullIf(at, step = 'ended') AS ended,
    anyIf(steps.why, step = 'ended') AS why
FROM sluice.session_steps AS steps
GROUP BY account, stay;

-- One row per fact of a window of cost: that it was opened, or reached another state.
CREATE TABLE IF NOT EXISTS sluice.window_steps
(
    at       DateTime64(3, 'UTC'),
    sequence UInt64,
    subject  LowCardinality(String),
    version  UInt64,
    `index`  UInt32,
    account  LowCardinality(String),
    step     LowCardinality(String) COMMENT 'opened or state',
    start    DateTime64(3, 'UTC'),
    end      Nullable(DateTime64(3, 'UTC')),
    source   LowCardinality(String),
    state    LowCardinality(String),
    costUsd  Nullable(Decimal(18, 9)),
    limitUsd Decimal(18, 9)
)
ENGINE = {{ReplacingMergeTree}}
PARTITION BY toYYYYMM(at)
ORDER BY (subject, version, `index`)
SETTINGS non_replicated_deduplication_window = 1000, min_parts_to_merge_at_once = 16;

-- One row per account and window. What belongs to a window is found by its time, so that a late correction moves it.
CREATE OR REPLACE VIEW sluice.window_cost AS
WITH
    steps AS
    (
        SELECT account, at, step, start, assumeNotNull(end) AS end, source, state, limitUsd, (at, version, `index`) AS place
        FROM sluice.window_steps FINAL
    ),
    opened AS (SELECT * FROM steps WHERE step = 'opened'),
    -- A window that was opened later and overlaps an earlier one corrects it: the earlier one ends where it starts, and is gone if nothing is left.
    -- So no two of an account overlap.
    windows AS
    (
        SELECT
            one.account AS account,
            one.start AS start,
            min(if(other.place > one.place AND other.start < one.end AND other.end > one.start, other.start, one.end)) AS end,
            one.source AS source,
            one.limitUsd AS limitUsd,
            one.place AS place
        FROM opened AS one
        INNER JOIN opened AS other ON one.account = other.account
        GROUP BY one.account, one.start, one.end, one.source, one.limitUsd, one.place
        HAVING start < end
    ),
    used AS
    (
        SELECT account, at, request, standardCostUsd,
            inputTokens + outputTokens + cacheReadTokens + cacheWrite5mTokens + cacheWrite1hTokens AS tokens
        FROM sluice.usage FINAL
        WHERE account IN (SELECT account FROM opened)
    ),
    costs AS
    (
        SELECT
            windows.account AS account,
            windows.start AS start,
            uniqExact(used.request) AS requests,
            sum(used.tokens) AS tokens,
            sum(used.standardCostUsd) AS standardCostUsd
        FROM used
        ASOF INNER JOIN windows ON used.account = windows.account AND used.at >= windows.start
        WHERE used.at < windows.end
        GROUP BY windows.account, windows.start
    ),
    states AS
    (
        SELECT
            windows.account AS account,
            windows.start AS start,
            max(said.place) AS place,
            argMax(said.state, said.place) AS state,
            argMax(said.limitUsd, said.place) AS limitUsd,
            arrayMap(change -> change.2, arraySort(groupArray((said.place, (said.at, said.state))))) AS changes
        FROM (SELECT * FROM steps WHERE step = 'state') AS said
        ASOF INNER JOIN windows ON said.account = windows.account AND said.at >= windows.start
        WHERE said.at < windows.end
        GROUP BY windows.account, windows.start
    )
SELECT
    windows.account AS account,
    windows.start AS start,
    windows.end AS end,
    windows.source AS source,
    costs.requests AS requests,
    costs.tokens AS tokens,
    costs.standardCostUsd AS standardCostUsd,
    if(states.place > windows.place, states.limitUsd, windows.limitUsd) AS limitUsd,
    if(states.state = '', 'open', states.state) AS state,
    CAST(states.changes, 'Array(Tuple(at DateTime64(3, \'UTC\'), state String))') AS stateChanges
FROM windows
LEFT JOIN costs ON windows.account = costs.account AND windows.start = costs.start
LEFT JOIN states ON windows.account = states.account AND windows.start = states.start
SETTINGS join_use_nulls = 0;

-- One row per time that a channel or an account was configured or removed; an absent limit is NULL.
CREATE TABLE IF NOT EXISTS sluice.limits
(
    at             DateTime64(3, 'UTC'),
    sequence       UInt64,
    subject        LowCardinality(String),
    version        UInt64,
    `index`        UInt32,
    actor          LowCardinality(String),
    channel        LowCardinality(String),
    removed        Bool,
    enabled        Bool,
    concurrency    Nullable(UInt64),
    queueSize      Nullable(UInt64),
    rpm            Nullable(UInt64),
    tpm            Nullable(UInt64),
    maxSessions    Nullable(UInt64),
    windowLimitUsd Nullable(Decimal(18, 9))
)
ENGINE = {{ReplacingMergeTree}}
PARTITION BY toYYYYMM(at)
ORDER BY (subject, version, `index`)
SETTINGS non_replicated_deduplication_window = 1000, min_parts_to_merge_at_once = 16;

-- What was configured before there was this table; once more after a crash gives the same rows.
INSERT INTO sluice.limits (at, sequence, subject, version, `index`, actor, channel, removed, enabled, concurrency, queueSize, rpm, tpm)
SELECT
    at,
    sequence,
    subject,
    version,
    `index`,
    actor,
    replaceOne(subject, 'sluice.log.channel.', ''),
    endsWith(type, '.removed'),
    JSONExtractBool(data, 'config', 'enabled'),
    JSONExtract(data, 'config', if(kind = 'channel', 'maxConcurrent', 'concurrency'), 'Nullable(UInt64)'),
    JSONExtract(data, 'config', 'queueSize', 'Nullable(UInt64)'),
    JSONExtract(data, 'config', 'rpm', 'Nullable(UInt64)'),
    JSONExtract(data, 'config', 'tpm', 'Nullable(UInt64)')
FROM sluice.facts FINAL
WHERE type IN ('channel.configured', 'channel.removed', 'account.configured', 'account.removed');
