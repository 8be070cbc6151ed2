-- newest runs of a day
WITH page AS MATERIALIZED (SELECT id FROM runs INDEXED BY runs_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH runs USING INDEX runs_start (project=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY

-- the next page
WITH page AS MATERIALIZED (SELECT id FROM runs INDEXED BY runs_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND (start_ns, trace_id, span_id) < («7», «x'01000000000000000000000000000000'», «144115188075855872») ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH runs USING INDEX runs_start (project=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY

-- oldest runs of a day
WITH page AS MATERIALIZED (SELECT id FROM runs INDEXED BY runs_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» ORDER BY start_ns, trace_id, span_id LIMIT «20»)
-- MATERIALIZE page
-- SEARCH runs USING INDEX runs_start (project=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY

-- the next page
WITH page AS MATERIALIZED (SELECT id FROM runs INDEXED BY runs_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND (start_ns, trace_id, span_id) > («7», «x'01000000000000000000000000000000'», «144115188075855872») ORDER BY start_ns, trace_id, span_id LIMIT «20»)
-- MATERIALIZE page
-- SEARCH runs USING INDEX runs_start (project=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY

-- longest runs of a day
WITH page AS MATERIALIZED (SELECT id FROM runs INDEXED BY runs_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» ORDER BY (end_ns - start_ns) DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH runs USING INDEX runs_start (project=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR ORDER BY

-- the next page
WITH page AS MATERIALIZED (SELECT id FROM runs INDEXED BY runs_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND ((end_ns - start_ns), trace_id, span_id, start_ns) < («7», «x'01000000000000000000000000000000'», «144115188075855872», «9») ORDER BY (end_ns - start_ns) DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH runs USING INDEX runs_start (project=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR ORDER BY

-- costliest runs of a day
WITH page AS MATERIALIZED (SELECT id FROM runs INDEXED BY runs_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» ORDER BY coalesce((SELECT total_cost_nano FROM settled_runs WHERE settled_runs.id = runs.id), 0) DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH runs USING INDEX runs_start (project=? AND start_ns>? AND start_ns<?)
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH settled_runs USING INTEGER PRIMARY KEY (rowid=?)
-- USE TEMP B-TREE FOR ORDER BY

-- the next page
WITH page AS MATERIALIZED (SELECT id FROM runs INDEXED BY runs_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND (coalesce((SELECT total_cost_nano FROM settled_runs WHERE settled_runs.id = runs.id), 0), trace_id, span_id, start_ns) < («7», «x'01000000000000000000000000000000'», «144115188075855872», «9») ORDER BY coalesce((SELECT total_cost_nano FROM settled_runs WHERE settled_runs.id = runs.id), 0) DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH runs USING INDEX runs_start (project=? AND start_ns>? AND start_ns<?)
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH settled_runs USING INTEGER PRIMARY KEY (rowid=?)
-- CORRELATED SCALAR SUBQUERY 2
-- SEARCH settled_runs USING INTEGER PRIMARY KEY (rowid=?)
-- USE TEMP B-TREE FOR ORDER BY

-- runs by every field
WITH page AS MATERIALIZED (SELECT id FROM runs INDEXED BY runs_user WHERE project = «'default'» AND user_id = «'u-1'» AND agent_id = «'support'» AND failed = 1 AND type IN («1», «2») AND name = «'support.run'» AND service = «'shop'» AND environment = «'production'» AND status = «1» AND (end_ns - start_ns) >= «1000000000» AND (end_ns - start_ns) <= «60000000000» ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH runs USING INDEX runs_user (project=? AND user_id=?)
-- USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY

-- two runs
WITH page AS MATERIALIZED (SELECT id FROM runs NOT INDEXED WHERE project = «'default'» AND id IN (SELECT id FROM spans INDEXED BY spans_start WHERE (project, start_ns, trace_id, span_id) IN (VALUES («'default'», «5», «x'00000000000000000000000000000000'», «0»), («'default'», «6», «x'00000000000000000000000000000000'», «0»))) ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH runs USING INTEGER PRIMARY KEY (rowid=?)
-- LIST SUBQUERY 3
-- SEARCH spans USING COVERING INDEX spans_start (project=? AND start_ns=? AND trace_id=? AND span_id=?)
-- LIST SUBQUERY 7
-- SCAN 2 CONSTANT ROWS
-- USE TEMP B-TREE FOR ORDER BY

-- sessions of a day
SELECT session_id FROM runs INDEXED BY runs_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND session_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM runs AS later INDEXED BY runs_session WHERE project = «'default'» AND start_ns < «172800000000000» AND session_id = runs.session_id AND (start_ns, id) > (runs.start_ns, runs.id)) ORDER BY start_ns DESC, session_id DESC LIMIT «20»
-- SEARCH runs USING INDEX runs_start (project=? AND start_ns>? AND start_ns<?)
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH later USING COVERING INDEX runs_session (project=? AND session_id=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR LAST TERM OF ORDER BY

-- sessions of a user, the next page
SELECT session_id FROM runs INDEXED BY runs_user WHERE project = «'default'» AND user_id = «'u-1'» AND session_id IS NOT NULL AND (start_ns, session_id) < («7», «'s-1'») AND NOT EXISTS (SELECT 1 FROM runs AS later INDEXED BY runs_session WHERE project = «'default'» AND user_id = «'u-1'» AND session_id = runs.session_id AND (start_ns, id) > (runs.start_ns, runs.id)) ORDER BY start_ns DESC, session_id DESC LIMIT «20»
-- SEARCH runs USING INDEX runs_user (project=? AND user_id=? AND start_ns<?)
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH later USING INDEX runs_session (project=? AND session_id=? AND start_ns>?)
-- USE TEMP B-TREE FOR LAST TERM OF ORDER BY

-- bills of a day by model
SELECT hour, group_concat(coalesce(model, '') || char(0) || numbers || coalesce(latencies, ''), char(0)) FROM bills WHERE project = «'default'» AND hour >= «24» AND hour <= «48» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» GROUP BY hour, trace_id
-- SEARCH bills USING PRIMARY KEY (project=? AND hour>? AND hour<?)

-- bills of a session for a model
SELECT hour, group_concat(numbers || coalesce(latencies, ''), char(0)) FROM bills WHERE project = «'default'» AND session_id = «'s-1'» AND model = «'gpt-5'» GROUP BY hour, trace_id
-- SEARCH bills USING PRIMARY KEY (project=?)

