-- +goose NO TRANSACTION
-- +goose Up

-- Days that have partitions already get those of the new tables, and open_runs gets
-- what runs hold of traces that have not settled. One day is one transaction, as before.
-- +goose StatementBegin
DO $$
DECLARE
    day    bigint;
    suffix text;
    last   bigint;
    bounds text;
BEGIN
    FOR day IN SELECT day_ns FROM days ORDER BY day_ns DESC LOOP
        PERFORM pg_advisory_xact_lock(1635021411, (day / 86400000000000)::integer);
        IF EXISTS (SELECT FROM days WHERE day_ns = day) THEN
            suffix := to_char(agenttrace_time(day) AT TIME ZONE 'UTC', 'YYYYMMDD');
            last := least(day, 9223372036854775807 - 86399999999999) + 86399999999999;
            bounds := format('FROM (%s) TO (%s)', day, CASE WHEN last = 9223372036854775807 THEN 'MAXVALUE' ELSE (last + 1)::text END);
            EXECUTE format('CREATE TABLE IF NOT EXISTS open_runs_%s PARTITION OF open_runs FOR VALUES %s
                WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)', suffix, bounds);
            EXECUTE format('CREATE TABLE IF NOT EXISTS open_segments_%s PARTITION OF open_segments FOR VALUES %s
                WITH (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
                toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 50000)', suffix, bounds);
            WITH moved AS (
                DELETE FROM runs WHERE NOT settled AND start_ns >= day AND start_ns <= last
                RETURNING *
            )
            INSERT INTO open_runs (trace_id, span_id, start_ns, end_ns, type, status, failed, project, name, service, environment,
                agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id)
            SELECT trace_id, span_id, start_ns, end_ns, type, status, failed, project, name, service, environment,
                agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id
            FROM moved;
            EXECUTE format('ALTER TABLE runs_%s RESET (fillfactor)', suffix);
            EXECUTE format('ALTER TABLE runs_%s SET (
                autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000, autovacuum_freeze_min_age = 0)', suffix);
        END IF;
        COMMIT;
    END LOOP;
END $$;
-- +goose StatementEnd

-- +goose Down
INSERT INTO runs (trace_id, span_id, start_ns, end_ns, type, status, failed, settled, project, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id)
SELECT trace_id, span_id, start_ns, end_ns, type, status, failed, false, project, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id
FROM open_runs
ON CONFLICT DO NOTHING;
INSERT INTO segments (trace_id, start_ns, span_id, latest_ns, write_id, spans, raw_bytes, project, payload, writes)
SELECT trace_id, start_ns, span_id, latest_ns, write_id, spans, raw_bytes, project, payload, writes
FROM open_segments
ON CONFLICT DO NOTHING;
