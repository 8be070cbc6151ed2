-- +goose Up

-- Ranges by the id of their trace's row: that grows as traces arrive, so those of the
-- latest traces lie together. By trace ids, each trace of a batch was on another page.
CREATE TABLE ranges (
    trace    INTEGER NOT NULL, -- id of traces
    first_id INTEGER NOT NULL, -- of spans
    last_id  INTEGER NOT NULL,
    PRIMARY KEY (trace, first_id)
) STRICT, WITHOUT ROWID;
INSERT INTO ranges (trace, first_id, last_id)
SELECT traces.id, first_id, last_id FROM span_ranges JOIN traces USING (project, trace_id) ORDER BY traces.id, first_id;
DROP TABLE span_ranges;

CREATE VIEW span_ranges AS
SELECT project, trace_id, first_id, last_id
FROM traces INDEXED BY traces_trace CROSS JOIN ranges ON ranges.trace = traces.id;

-- +goose Down
DROP VIEW span_ranges;
CREATE TABLE span_ranges (
    project  TEXT    NOT NULL,
    trace_id BLOB    NOT NULL,
    first_id INTEGER NOT NULL, -- of spans
    last_id  INTEGER NOT NULL,
    PRIMARY KEY (project, trace_id, first_id)
) STRICT, WITHOUT ROWID;
INSERT INTO span_ranges (project, trace_id, first_id, last_id)
SELECT project, trace_id, first_id, last_id FROM ranges JOIN traces ON traces.id = ranges.trace ORDER BY project, trace_id, first_id;
DROP TABLE ranges;
