-- +goose Up

-- Where the spans of a trace are: those that one write stored have ids one after
-- the other. Some within may be gone, never the last: ids behind the last of the
-- table are given again.
-- An index of each span by its trace took ten times as much, and put each
-- batch on as many pages as it has traces.
CREATE TABLE span_ranges (
    project  TEXT    NOT NULL,
    trace_id BLOB    NOT NULL,
    first_id INTEGER NOT NULL, -- of spans
    last_id  INTEGER NOT NULL,
    PRIMARY KEY (project, trace_id, first_id)
) STRICT, WITHOUT ROWID;

-- A range begins where the span before is one of another trace, and ends with the
-- last span before the next range: an id behind that may be given again.
INSERT INTO span_ranges (project, trace_id, first_id, last_id)
SELECT project, trace_id, id, coalesce(lead(before) OVER (ORDER BY id), (SELECT max(id) FROM spans))
FROM (
    SELECT id, project, trace_id, lag(id) OVER (ORDER BY id) AS before,
        lag(project) OVER (ORDER BY id) IS project AND lag(trace_id) OVER (ORDER BY id) IS trace_id AS goes_on
    FROM spans
)
WHERE NOT goes_on
ORDER BY project, trace_id, id;

DROP INDEX spans_identity;
DROP INDEX spans_start;
-- What identifies a span begins with its start, as spans come in about that order:
-- so it is written at its end, and it is the order of lists.
CREATE UNIQUE INDEX spans_start ON spans (project, start_ns, trace_id, span_id);

-- +goose Down
DROP INDEX spans_start;
CREATE INDEX spans_start ON spans (project, start_ns);
CREATE UNIQUE INDEX spans_identity ON spans (project, trace_id, span_id, start_ns);
DROP TABLE span_ranges;
