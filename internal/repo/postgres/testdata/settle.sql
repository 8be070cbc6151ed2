-- unsettled traces

SELECT trace_id, min(start_ns), max(end_ns), sum(spans)::bigint
FROM traces
WHERE project = «'default'» AND trace_id = ANY(«1 ids»::uuid[]) AND day_ns >= «1777420800000000000» AND day_ns <= «1777420800000000000»
GROUP BY trace_id
HAVING sum(spans) <> sum(settled_spans)
-- Index Scan using traces_pkey on traces_20260429 by day_ns, project, trace_id

-- their rows

SELECT t.project, t.trace_id, t.day_ns, t.spans, t.settled_spans
FROM unnest(«[default]»::text[], «1 ids»::uuid[], «[1777420800000000000]»::bigint[], «[1777420800000000000]»::bigint[]) AS wanted (project, trace_id, first, last)
JOIN traces t ON t.project = wanted.project AND t.trace_id = wanted.trace_id
    AND t.day_ns >= wanted.first AND t.day_ns <= wanted.last
WHERE t.day_ns = ANY(«[1773360000000000000 1777420800000000000]»::bigint[])
ORDER BY t.project, t.trace_id, t.day_ns
FOR NO KEY UPDATE OF t
-- Index Scan using traces_pkey on traces_20260313 by day_ns, project, trace_id
-- Index Scan using traces_pkey on traces_20260429 by day_ns, project, trace_id

-- their days

SELECT d.project, d.trace_id, d.first_day_ns, d.last_day_ns
FROM unnest(«[default]»::text[], «1 ids»::uuid[]) AS wanted (project, trace_id)
JOIN trace_days d ON d.project = wanted.project AND d.trace_id = wanted.trace_id
-- Index Scan using trace_days_pkey on trace_days by project, trace_id

-- segments to be replaced

SELECT s.project, s.trace_id, s.start_ns, s.span_id, s.spans, s.open
FROM unnest(«[default]»::text[], «1 ids»::uuid[], «[1777420800000000000]»::bigint[], «[1]»::bigint[]) AS wanted (project, trace_id, start_ns, span_id)
JOIN (
    SELECT project, trace_id, start_ns, span_id, spans, true AS open FROM open_segments
    UNION ALL SELECT project, trace_id, start_ns, span_id, spans, false FROM segments
) AS s ON s.project = wanted.project AND s.trace_id = wanted.trace_id
    AND s.start_ns = wanted.start_ns AND s.span_id = wanted.span_id
WHERE s.start_ns >= «1777420800000000000» AND s.start_ns <= «1777507199999999999»
-- Index Scan using open_segments_pkey on open_segments_20260429 by project, span_id, start_ns, trace_id
-- Index Scan using segments_pkey on segments_20260429 by project, span_id, start_ns, trace_id

-- rows that settle

UPDATE traces AS t SET
    settled_spans = part.spans, runs = part.runs, input_tokens = part.input_tokens,
    cache_read_tokens = part.cache_read_tokens, cache_write_tokens = part.cache_write_tokens,
    output_tokens = part.output_tokens, reasoning_tokens = part.reasoning_tokens,
    audio_input_tokens = part.audio_input_tokens, audio_output_tokens = part.audio_output_tokens,
    reported_total_tokens = part.reported_total_tokens, cost_nano = nullif(part.cost_nano, 0),
    reported_cost_nano = nullif(part.reported_cost_nano, 0), computed_cost_nano = nullif(part.computed_cost_nano, 0),
    reported_calls = nullif(part.reported_calls, 0), computed_calls = nullif(part.computed_calls, 0),
    unpriced_calls = nullif(part.unpriced_calls, 0)
FROM unnest(
    «[default]»::text[], «1 ids»::uuid[], «[0]»::bigint[], «[0]»::bigint[], «[0]»::bigint[], «[0]»::bigint[], «[0]»::bigint[], «[0]»::bigint[], «[0]»::bigint[],
    «[0]»::bigint[], «[0]»::bigint[], «[0]»::bigint[], «[0]»::bigint[], «[0]»::bigint[], «[0]»::bigint[], «[0]»::bigint[], «[0]»::bigint[],
    «[0]»::bigint[])
AS part (
    project, trace_id, spans, runs, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    audio_input_tokens, audio_output_tokens, reported_total_tokens, cost_nano, reported_cost_nano, computed_cost_nano,
    reported_calls, computed_calls, unpriced_calls)
WHERE t.project = part.project AND t.trace_id = part.trace_id AND t.day_ns = «1777420800000000000»
-- Index Scan using traces_pkey on traces_20260429 by day_ns, project, trace_id

-- bills to be replaced

DELETE FROM bills AS s USING unnest(«[default]»::text[], «1 ids»::uuid[]) AS settled (project, trace_id)
WHERE s.project = settled.project AND s.trace_id = settled.trace_id AND s.start_ns >= «1777420800000000000» AND s.start_ns <= «1777507199999999999»
-- Index Scan using bills_trace on bills_20260429 by trace_id

-- runs to be replaced

DELETE FROM runs AS s USING unnest(«[default]»::text[], «1 ids»::uuid[]) AS settled (project, trace_id)
WHERE s.project = settled.project AND s.trace_id = settled.trace_id AND s.start_ns >= «1777420800000000000» AND s.start_ns <= «1777507199999999999»
-- Index Scan using runs_pkey on runs_20260429 by project, start_ns, trace_id

-- segments that go

DELETE FROM open_segments AS s
USING unnest(«[default]»::text[], «1 ids»::uuid[], «[1777420800000000000]»::bigint[], «[1]»::bigint[]) AS replaced (project, trace_id, start_ns, span_id)
WHERE s.project = replaced.project AND s.trace_id = replaced.trace_id
    AND s.start_ns = replaced.start_ns AND s.span_id = replaced.span_id
    AND s.start_ns >= «1777420800000000000» AND s.start_ns <= «1777507199999999999»
-- Index Scan using open_segments_pkey on open_segments_20260429 by project, span_id, start_ns, trace_id

-- segments that stay

WITH kept AS (
    DELETE FROM open_segments AS s
    USING unnest(«[default]»::text[], «1 ids»::uuid[]) AS settled (project, trace_id)
    WHERE s.project = settled.project AND s.trace_id = settled.trace_id AND s.start_ns >= «1777420800000000000» AND s.start_ns <= «1777507199999999999»
    RETURNING s.trace_id, s.start_ns, s.span_id, s.latest_ns, s.write_id, s.spans, s.raw_bytes, s.project, s.payload, s.writes
)
INSERT INTO segments (trace_id, start_ns, span_id, latest_ns, write_id, spans, raw_bytes, project, payload, writes)
SELECT trace_id, start_ns, span_id, latest_ns, write_id, spans, raw_bytes, project, payload, writes FROM kept
-- Index Scan using open_segments_pkey on open_segments_20260429 by project, start_ns, trace_id

