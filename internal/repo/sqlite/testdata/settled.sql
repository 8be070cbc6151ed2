-- newest runs of a day
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_runs LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND start_ns >= «86400000000000» AND start_ns < «172800000000000» ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_runs (project=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY

-- the next page
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_runs LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND start_ns >= «86400000000000» AND (start_ns, trace_id, span_id) < («7», «x'01000000000000000000000000000000'», «144115188075855872») ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_runs (project=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY

-- oldest runs of a day
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_runs LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND start_ns >= «86400000000000» AND start_ns < «172800000000000» ORDER BY start_ns, trace_id, span_id LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_runs (project=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY

-- the next page
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_runs LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND (start_ns, trace_id, span_id) > («7», «x'01000000000000000000000000000000'», «144115188075855872») ORDER BY start_ns, trace_id, span_id LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_runs (project=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY

-- longest runs of a day
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_runs LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND start_ns >= «86400000000000» AND start_ns < «172800000000000» ORDER BY (coalesce(runs.end_ns, spans.end_ns) - start_ns) DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_runs (project=? AND start_ns>? AND start_ns<?)
-- SEARCH runs USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN
-- USE TEMP B-TREE FOR ORDER BY

-- the next page
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_runs LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND ((coalesce(runs.end_ns, spans.end_ns) - start_ns), trace_id, span_id, start_ns) < («7», «x'01000000000000000000000000000000'», «144115188075855872», «9») ORDER BY (coalesce(runs.end_ns, spans.end_ns) - start_ns) DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_runs (project=? AND start_ns>? AND start_ns<?)
-- SEARCH runs USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN
-- USE TEMP B-TREE FOR ORDER BY

-- costliest runs of a day
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_runs LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND start_ns >= «86400000000000» AND start_ns < «172800000000000» ORDER BY coalesce(total_cost_nano, 0) DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_runs (project=? AND start_ns>? AND start_ns<?)
-- SEARCH runs USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN
-- USE TEMP B-TREE FOR ORDER BY

-- the next page
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_runs LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND (coalesce(total_cost_nano, 0), trace_id, span_id, start_ns) < («7», «x'01000000000000000000000000000000'», «144115188075855872», «9») ORDER BY coalesce(total_cost_nano, 0) DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_runs (project=? AND start_ns>? AND start_ns<?)
-- SEARCH runs USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN
-- USE TEMP B-TREE FOR ORDER BY

-- runs by every field
WITH page AS MATERIALIZED (SELECT * FROM (SELECT id FROM spans INDEXED BY spans_user LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND spans.user_id = «'u-1'» AND runs.user_id IS NULL AND coalesce(runs.agent_id, spans.agent_id) = «'support'» AND coalesce(runs.failed, spans.failed) = 1 AND coalesce(runs.type, spans.type) IN («1», «2») AND coalesce(runs.name, spans.name) = «'support.run'» AND coalesce(runs.service, spans.service) = «'shop'» AND coalesce(runs.environment, spans.environment) = «'production'» AND coalesce(runs.status, spans.status) = «1» AND (coalesce(runs.end_ns, spans.end_ns) - start_ns) >= «1000000000» AND (coalesce(runs.end_ns, spans.end_ns) - start_ns) <= «60000000000» ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20») UNION ALL SELECT * FROM (SELECT id FROM runs INDEXED BY runs_user CROSS JOIN spans USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND runs.user_id = «'u-1'» AND coalesce(runs.agent_id, spans.agent_id) = «'support'» AND coalesce(runs.failed, spans.failed) = 1 AND coalesce(runs.type, spans.type) IN («1», «2») AND coalesce(runs.name, spans.name) = «'support.run'» AND coalesce(runs.service, spans.service) = «'shop'» AND coalesce(runs.environment, spans.environment) = «'production'» AND coalesce(runs.status, spans.status) = «1» AND (coalesce(runs.end_ns, spans.end_ns) - start_ns) >= «1000000000» AND (coalesce(runs.end_ns, spans.end_ns) - start_ns) <= «60000000000» ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»))
-- MATERIALIZE page
-- COMPOUND QUERY
-- LEFT-MOST SUBQUERY
-- CO-ROUTINE (subquery-1)
-- SEARCH spans USING INDEX spans_user (project=? AND user_id=?)
-- SEARCH runs USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN
-- USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY
-- SCAN (subquery-1)
-- UNION ALL
-- CO-ROUTINE (subquery-3)
-- SEARCH runs USING INDEX runs_user (project=? AND user_id=?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid=?)
-- USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY
-- SCAN (subquery-3)

-- the same, where there are few runs
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_runs LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND coalesce(runs.user_id, spans.user_id) = «'u-1'» AND coalesce(runs.agent_id, spans.agent_id) = «'support'» AND coalesce(runs.failed, spans.failed) = 1 AND coalesce(runs.type, spans.type) IN («1», «2») AND coalesce(runs.name, spans.name) = «'support.run'» AND coalesce(runs.service, spans.service) = «'shop'» AND coalesce(runs.environment, spans.environment) = «'production'» AND coalesce(runs.status, spans.status) = «1» AND (coalesce(runs.end_ns, spans.end_ns) - start_ns) >= «1000000000» AND (coalesce(runs.end_ns, spans.end_ns) - start_ns) <= «60000000000» ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_runs (project=?)
-- SEARCH runs USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN
-- USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY

-- two runs
WITH page AS MATERIALIZED (SELECT id FROM spans NOT INDEXED LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND id IN (SELECT id FROM spans INDEXED BY spans_start WHERE (project, start_ns, trace_id, span_id) IN (VALUES («'default'», «5», «x'00000000000000000000000000000000'», «0»), («'default'», «6», «x'00000000000000000000000000000000'», «0»))) ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid=?)
-- LIST SUBQUERY 3
-- SEARCH spans USING COVERING INDEX spans_start (project=? AND start_ns=? AND trace_id=? AND span_id=?)
-- LIST SUBQUERY 8
-- SCAN 2 CONSTANT ROWS
-- USE TEMP B-TREE FOR ORDER BY

-- sessions of a day
SELECT session_id FROM (SELECT session_id, start_ns FROM (SELECT coalesce(runs.session_id, spans.session_id) AS session_id, start_ns, id FROM spans INDEXED BY spans_runs LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND start_ns >= «86400000000000» AND start_ns < «172800000000000») AS met WHERE session_id <> '' AND NOT EXISTS (SELECT 1 FROM spans INDEXED BY spans_session LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND spans.session_id = met.session_id AND runs.session_id IS NULL AND (start_ns, id) > (met.start_ns, met.id) AND start_ns < «172800000000000») AND NOT EXISTS (SELECT 1 FROM runs INDEXED BY runs_session CROSS JOIN spans USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND runs.session_id = met.session_id AND (start_ns, id) > (met.start_ns, met.id) AND start_ns < «172800000000000») ORDER BY start_ns DESC, session_id DESC LIMIT «20») ORDER BY start_ns DESC, session_id DESC LIMIT «20»
-- CO-ROUTINE (subquery-4)
-- SEARCH spans USING INDEX spans_runs (project=? AND start_ns>? AND start_ns<?)
-- SEARCH runs USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN
-- CORRELATED SCALAR SUBQUERY 2
-- SEARCH spans USING COVERING INDEX spans_session (project=? AND session_id=? AND start_ns>? AND start_ns<?)
-- SEARCH runs USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN
-- CORRELATED SCALAR SUBQUERY 3
-- SEARCH runs USING COVERING INDEX runs_session (project=? AND session_id=? AND start_ns>? AND start_ns<?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid=?)
-- USE TEMP B-TREE FOR LAST TERM OF ORDER BY
-- SCAN (subquery-4)

-- sessions of a user, the next page
SELECT session_id FROM (SELECT * FROM (SELECT session_id, start_ns FROM (SELECT coalesce(runs.session_id, spans.session_id) AS session_id, start_ns, id FROM spans INDEXED BY spans_user LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND spans.user_id = «'u-1'» AND runs.user_id IS NULL) AS met WHERE session_id <> '' AND (start_ns, session_id) < («7», «'s-1'») AND NOT EXISTS (SELECT 1 FROM spans INDEXED BY spans_session LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND spans.session_id = met.session_id AND runs.session_id IS NULL AND coalesce(runs.user_id, spans.user_id) = «'u-1'» AND (start_ns, id) > (met.start_ns, met.id)) AND NOT EXISTS (SELECT 1 FROM runs INDEXED BY runs_session CROSS JOIN spans USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND runs.session_id = met.session_id AND coalesce(runs.user_id, spans.user_id) = «'u-1'» AND (start_ns, id) > (met.start_ns, met.id)) ORDER BY start_ns DESC, session_id DESC LIMIT «20») UNION ALL SELECT * FROM (SELECT session_id, start_ns FROM (SELECT coalesce(runs.session_id, spans.session_id) AS session_id, start_ns, id FROM runs INDEXED BY runs_user CROSS JOIN spans USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND runs.user_id = «'u-1'») AS met WHERE session_id <> '' AND (start_ns, session_id) < («7», «'s-1'») AND NOT EXISTS (SELECT 1 FROM spans INDEXED BY spans_session LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND spans.session_id = met.session_id AND runs.session_id IS NULL AND coalesce(runs.user_id, spans.user_id) = «'u-1'» AND (start_ns, id) > (met.start_ns, met.id)) AND NOT EXISTS (SELECT 1 FROM runs INDEXED BY runs_session CROSS JOIN spans USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND runs.session_id = met.session_id AND coalesce(runs.user_id, spans.user_id) = «'u-1'» AND (start_ns, id) > (met.start_ns, met.id)) ORDER BY start_ns DESC, session_id DESC LIMIT «20»)) ORDER BY start_ns DESC, session_id DESC LIMIT «20»
-- CO-ROUTINE (subquery-10)
-- COMPOUND QUERY
-- LEFT-MOST SUBQUERY
-- CO-ROUTINE (subquery-4)
-- SEARCH spans USING INDEX spans_user (project=? AND user_id=? AND start_ns<?)
-- SEARCH runs USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN
-- CORRELATED SCALAR SUBQUERY 2
-- SEARCH spans USING INDEX spans_session (project=? AND session_id=? AND start_ns>?)
-- SEARCH runs USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN
-- CORRELATED SCALAR SUBQUERY 3
-- SEARCH runs USING INDEX runs_session (project=? AND session_id=? AND start_ns>?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid=?)
-- USE TEMP B-TREE FOR LAST TERM OF ORDER BY
-- SCAN (subquery-4)
-- UNION ALL
-- CO-ROUTINE (subquery-9)
-- SEARCH runs USING INDEX runs_user (project=? AND user_id=? AND start_ns<?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid=?)
-- CORRELATED SCALAR SUBQUERY 7
-- SEARCH spans USING INDEX spans_session (project=? AND session_id=? AND start_ns>?)
-- SEARCH runs USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN
-- CORRELATED SCALAR SUBQUERY 8
-- SEARCH runs USING INDEX runs_session (project=? AND session_id=? AND start_ns>?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid=?)
-- USE TEMP B-TREE FOR LAST TERM OF ORDER BY
-- SCAN (subquery-9)
-- SCAN (subquery-10)
-- USE TEMP B-TREE FOR ORDER BY

-- the runs of two sessions
SELECT * FROM (SELECT coalesce(runs.session_id, spans.session_id), trace_id, start_ns, coalesce(runs.end_ns, spans.end_ns), coalesce(runs.failed, spans.failed), runs.id IS NOT NULL, coalesce(runs.user_id, spans.user_id), coalesce(runs.agent_id, spans.agent_id), coalesce(runs.team_id, spans.team_id), coalesce(runs.workflow_id, spans.workflow_id), runs.spans, runs.model_calls, runs.model_failures, runs.tool_calls, runs.tool_failures, runs.retries, runs.input_tokens, runs.cache_read_tokens, runs.cache_write_tokens, runs.output_tokens, runs.reasoning_tokens, runs.audio_input_tokens, runs.audio_output_tokens, runs.reported_total_tokens, runs.cost_nano, runs.reported_cost_nano, runs.computed_cost_nano, runs.reported_cost_calls, runs.computed_cost_calls, runs.unpriced_calls FROM spans INDEXED BY spans_session LEFT JOIN runs USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND spans.session_id IN («'s-1'», «'s-2'») AND runs.session_id IS NULL) UNION ALL SELECT * FROM (SELECT coalesce(runs.session_id, spans.session_id), trace_id, start_ns, coalesce(runs.end_ns, spans.end_ns), coalesce(runs.failed, spans.failed), runs.id IS NOT NULL, coalesce(runs.user_id, spans.user_id), coalesce(runs.agent_id, spans.agent_id), coalesce(runs.team_id, spans.team_id), coalesce(runs.workflow_id, spans.workflow_id), runs.spans, runs.model_calls, runs.model_failures, runs.tool_calls, runs.tool_failures, runs.retries, runs.input_tokens, runs.cache_read_tokens, runs.cache_write_tokens, runs.output_tokens, runs.reasoning_tokens, runs.audio_input_tokens, runs.audio_output_tokens, runs.reported_total_tokens, runs.cost_nano, runs.reported_cost_nano, runs.computed_cost_nano, runs.reported_cost_calls, runs.computed_cost_calls, runs.unpriced_calls FROM runs INDEXED BY runs_session CROSS JOIN spans USING (id, project, start_ns) WHERE project = «'default'» AND spans.type BETWEEN 1 AND 3 AND runs.session_id IN («'s-1'», «'s-2'»))
-- COMPOUND QUERY
-- LEFT-MOST SUBQUERY
-- SEARCH spans USING INDEX spans_session (project=? AND session_id=?)
-- SEARCH runs USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN
-- UNION ALL
-- SEARCH runs USING INDEX runs_session (project=? AND session_id=?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid=?)

-- bills of a day by model
SELECT hour, group_concat(coalesce(model, '') || char(0) || numbers || coalesce(latencies, ''), char(0)) FROM bills WHERE project = «'default'» AND hour >= «24» AND hour <= «48» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» GROUP BY hour, trace_id
-- SEARCH bills USING PRIMARY KEY (project=? AND hour>? AND hour<?)

-- bills of a session for a model
SELECT hour, group_concat(numbers || coalesce(latencies, ''), char(0)) FROM bills WHERE project = «'default'» AND session_id = «'s-1'» AND model = «'gpt-5'» GROUP BY hour, trace_id
-- SEARCH bills USING PRIMARY KEY (project=?)

