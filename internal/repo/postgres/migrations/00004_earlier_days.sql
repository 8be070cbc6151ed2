-- +goose NO TRANSACTION
-- +goose Up

-- Days that have partitions already get those of the new tables, and their runs
-- the rows that they would have got as they arrived. One day is one transaction:
-- all in one would need more locks than there is room for. What an interrupted
-- migration has done is not done again.
-- +goose StatementBegin
DO $$
DECLARE
    day    bigint;
    suffix text;
    last   bigint;
    bounds text;
BEGIN
    FOR day IN SELECT day_ns FROM days ORDER BY day_ns DESC LOOP
        -- The store's lock of the day, under which it makes and drops partitions.
        PERFORM pg_advisory_xact_lock(1635021411, (day / 86400000000000)::integer);
        IF EXISTS (SELECT FROM days WHERE day_ns = day) THEN
            suffix := to_char(agenttrace_time(day) AT TIME ZONE 'UTC', 'YYYYMMDD');
            -- The last day that has nanoseconds ends after the greatest of them.
            last := least(day, 9223372036854775807 - 86399999999999) + 86399999999999;
            bounds := format('FROM (%s) TO (%s)', day, CASE WHEN last = 9223372036854775807 THEN 'MAXVALUE' ELSE (last + 1)::text END);
            EXECUTE format('CREATE TABLE IF NOT EXISTS runs_%s PARTITION OF runs FOR VALUES %s
                WITH (fillfactor = 26)', suffix, bounds);
            EXECUTE format('CREATE TABLE IF NOT EXISTS bills_%s PARTITION OF bills FOR VALUES %s
                WITH (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000, autovacuum_freeze_min_age = 0)', suffix, bounds);
            INSERT INTO runs (trace_id, span_id, start_ns, end_ns, type, status, failed, settled, project, name, service, environment,
                agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id)
            SELECT s.trace_id, s.span_id, s.start_ns, s.end_ns, s.type, s.status, s.failed, false, s.project, s.name, s.service, s.environment,
                s.agent_id, s.agent_name, s.team_id, s.team_name, s.workflow_id, s.workflow_name, s.session_id, s.user_id, s.run_id
            FROM spans s
            WHERE s.type IN (1, 2, 3) AND s.start_ns >= day AND s.start_ns <= last
            ON CONFLICT DO NOTHING;
        END IF;
        COMMIT;
    END LOOP;
END $$;
-- +goose StatementEnd

-- +goose Down
-- The tables go with what is in them.
