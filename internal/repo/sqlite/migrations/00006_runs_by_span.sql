-- +goose Up

-- A run has the id of its span, and so its row of settled_runs: what finds spans
-- finds runs, and an index of runs by what identifies them is not needed.
DROP INDEX runs_start;
DROP INDEX runs_failed;
DROP INDEX runs_agent;
DROP INDEX runs_team;
DROP INDEX runs_workflow;
DROP INDEX runs_session;
DROP INDEX runs_user;
DROP INDEX runs_identity;

-- Ids are negative until all rows have their new one.
CREATE TEMP TABLE span_of_run (run INTEGER PRIMARY KEY, span INTEGER NOT NULL);
INSERT INTO span_of_run (run, span)
SELECT runs.id, spans.id FROM runs CROSS JOIN spans USING (project, start_ns, trace_id, span_id);
DELETE FROM runs         WHERE id NOT IN (SELECT run FROM span_of_run);
DELETE FROM settled_runs WHERE id NOT IN (SELECT run FROM span_of_run);
UPDATE runs         SET id = -(SELECT span FROM span_of_run WHERE run = runs.id);
UPDATE settled_runs SET id = -(SELECT span FROM span_of_run WHERE run = settled_runs.id);
UPDATE runs         SET id = -id;
UPDATE settled_runs SET id = -id;
DROP TABLE span_of_run;

CREATE INDEX runs_start    ON runs (project, start_ns);
CREATE INDEX runs_failed   ON runs (project, start_ns)              WHERE failed = 1;
CREATE INDEX runs_agent    ON runs (project, agent_id, start_ns)    WHERE agent_id IS NOT NULL;
CREATE INDEX runs_team     ON runs (project, team_id, start_ns)     WHERE team_id IS NOT NULL;
CREATE INDEX runs_workflow ON runs (project, workflow_id, start_ns) WHERE workflow_id IS NOT NULL;
CREATE INDEX runs_session  ON runs (project, session_id, start_ns)  WHERE session_id IS NOT NULL;
CREATE INDEX runs_user     ON runs (project, user_id, start_ns)     WHERE user_id IS NOT NULL;

-- +goose Down
CREATE UNIQUE INDEX runs_identity ON runs (project, trace_id, span_id, start_ns);
