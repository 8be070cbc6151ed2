-- +goose Up

-- A segment has the id of a span of its trace and day: so span_ranges finds it as it
-- finds spans, and an index of segments by their trace, of which each batch wrote as
-- many pages as it has traces, is not needed. A segment for which no span is left is
-- one that was about to be dropped.
CREATE TEMP TABLE renumbered (segment INTEGER PRIMARY KEY, span INTEGER NOT NULL);
INSERT INTO renumbered (segment, span)
SELECT g.id, s.id
FROM (
    SELECT id, project, trace_id, earliest_ns / 86400000000000 AS day,
        row_number() OVER (PARTITION BY project, trace_id, earliest_ns / 86400000000000 ORDER BY id) AS n
    FROM segments
) AS g
JOIN (
    SELECT id, project, trace_id, start_ns / 86400000000000 AS day,
        row_number() OVER (PARTITION BY project, trace_id, start_ns / 86400000000000 ORDER BY id) AS n
    FROM spans
) AS s USING (project, trace_id, day, n);

ALTER TABLE segments RENAME TO segments_before;
DROP INDEX segments_trace;
CREATE TABLE segments (
    id          INTEGER PRIMARY KEY, -- of a span of its trace and day
    project     TEXT    NOT NULL,
    trace_id    BLOB    NOT NULL,
    earliest_ns INTEGER NOT NULL, -- first start among the spans
    latest_ns   INTEGER NOT NULL, -- last start among the spans
    spans       INTEGER NOT NULL,
    raw_bytes   INTEGER NOT NULL, -- length of the payload when decompressed
    write_id    INTEGER NOT NULL, -- of the write that stored them; 0 where there are several
    payload     BLOB    NOT NULL,
    writes      BLOB              -- which of several writes stored each span; see repo.EncodeWrites
) STRICT;
INSERT INTO segments (id, project, trace_id, earliest_ns, latest_ns, spans, raw_bytes, write_id, payload, writes)
SELECT r.span, project, trace_id, earliest_ns, latest_ns, spans, raw_bytes, write_id, payload, writes
FROM renumbered AS r CROSS JOIN segments_before ON segments_before.id = r.segment
ORDER BY r.span;
DROP TABLE segments_before;
DROP TABLE renumbered;

-- +goose Down
CREATE INDEX segments_trace ON segments (project, trace_id, earliest_ns);
