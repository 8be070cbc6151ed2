-- traces, of { }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING COVERING INDEX traces_start (project=? AND start_ns>? AND start_ns<?)

-- spans, of { }
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING COVERING INDEX spans_start (project=? AND start_ns>? AND start_ns<?)

-- traces, of { session:id = "s-1" }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_trace WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND trace_id IN (SELECT trace_id FROM spans INDEXED BY spans_session WHERE project = «'default'» AND session_id = «'s-1'» AND (start_ns, id) >= («86400000000001», «7») AND start_ns <= «172800000000000») ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING INDEX traces_trace (project=? AND trace_id=?)
-- LIST SUBQUERY 1
-- SEARCH spans USING INDEX spans_session (project=? AND session_id=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR ORDER BY

-- spans, of { session:id = "s-1" }
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_session WHERE project = «'default'» AND session_id = «'s-1'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» ORDER BY start_ns DESC, id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING COVERING INDEX spans_session (project=? AND session_id=? AND start_ns>? AND start_ns<?)

-- traces, of { agent:id = "support" && status = error }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_trace WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND trace_id IN (SELECT trace_id FROM spans INDEXED BY spans_agent WHERE project = «'default'» AND agent_id = «'support'» AND (start_ns, id) >= («86400000000001», «7») AND start_ns <= «172800000000000» AND status = «2» AND failed = 1) ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING INDEX traces_trace (project=? AND trace_id=?)
-- LIST SUBQUERY 1
-- SEARCH spans USING INDEX spans_agent (project=? AND agent_id=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR ORDER BY

-- spans, of { agent:id = "support" && status = error }
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_agent WHERE project = «'default'» AND agent_id = «'support'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND status = «2» AND failed = 1 ORDER BY start_ns DESC, id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_agent (project=? AND agent_id=? AND start_ns>? AND start_ns<?)

-- traces, of { failed }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_trace WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND trace_id IN (SELECT trace_id FROM spans INDEXED BY spans_failed WHERE project = «'default'» AND failed = 1 AND (start_ns, id) >= («86400000000001», «7») AND start_ns <= «172800000000000») ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING INDEX traces_trace (project=? AND trace_id=?)
-- LIST SUBQUERY 1
-- SEARCH spans USING INDEX spans_failed (project=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR ORDER BY

-- spans, of { failed }
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_failed WHERE project = «'default'» AND failed = 1 AND start_ns >= «86400000000000» AND start_ns < «172800000000000» ORDER BY start_ns DESC, id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING COVERING INDEX spans_failed (project=? AND start_ns>? AND start_ns<?)

-- traces, of { type = tool && failed }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_trace WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND trace_id IN (SELECT trace_id FROM spans INDEXED BY spans_failed WHERE project = «'default'» AND failed = 1 AND (start_ns, id) >= («86400000000001», «7») AND start_ns <= «172800000000000» AND type = «6») ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING INDEX traces_trace (project=? AND trace_id=?)
-- LIST SUBQUERY 1
-- SEARCH spans USING INDEX spans_failed (project=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR ORDER BY

-- spans, of { type = tool && failed }
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_failed WHERE project = «'default'» AND failed = 1 AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND type = «6» ORDER BY start_ns DESC, id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_failed (project=? AND start_ns>? AND start_ns<?)

-- traces, of { type = llm && duration > 5s }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND EXISTS (SELECT 1 FROM span_ranges CROSS JOIN spans NOT INDEXED USING (project, trace_id) WHERE project = «'default'» AND trace_id = traces.trace_id AND id BETWEEN first_id AND last_id AND type = «5» AND (end_ns - start_ns) > «5000000000») ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING COVERING INDEX traces_start (project=? AND start_ns>? AND start_ns<?)
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH traces USING COVERING INDEX traces_trace (project=? AND trace_id=?)
-- SEARCH ranges USING PRIMARY KEY (trace=?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)

-- spans, of { type = llm && duration > 5s }
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND type = «5» AND (end_ns - start_ns) > «5000000000» ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_start (project=? AND start_ns>? AND start_ns<?)

-- traces, of { type = llm && usage:total > 10000 }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND EXISTS (SELECT 1 FROM span_ranges CROSS JOIN spans NOT INDEXED USING (project, trace_id) WHERE project = «'default'» AND trace_id = traces.trace_id AND id BETWEEN first_id AND last_id AND type = «5» AND CASE WHEN type IN (5, 8, 9) AND (input_tokens | cache_read_tokens | cache_write_tokens | output_tokens | reasoning_tokens | audio_input_tokens | audio_output_tokens | reported_total_tokens) <> 0 THEN input_tokens + cache_read_tokens + cache_write_tokens + output_tokens + reasoning_tokens + audio_input_tokens + audio_output_tokens END > «10000») ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING COVERING INDEX traces_start (project=? AND start_ns>? AND start_ns<?)
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH traces USING COVERING INDEX traces_trace (project=? AND trace_id=?)
-- SEARCH ranges USING PRIMARY KEY (trace=?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)

-- spans, of { type = llm && usage:total > 10000 }
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND type = «5» AND CASE WHEN type IN (5, 8, 9) AND (input_tokens | cache_read_tokens | cache_write_tokens | output_tokens | reasoning_tokens | audio_input_tokens | audio_output_tokens | reported_total_tokens) <> 0 THEN input_tokens + cache_read_tokens + cache_write_tokens + output_tokens + reasoning_tokens + audio_input_tokens + audio_output_tokens END > «10000» ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_start (project=? AND start_ns>? AND start_ns<?)

-- traces, of { tool:name = "refund" || tool:name = "search" }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND EXISTS (SELECT 1 FROM span_ranges CROSS JOIN spans NOT INDEXED USING (project, trace_id) WHERE project = «'default'» AND trace_id = traces.trace_id AND id BETWEEN first_id AND last_id AND (tool_name = «'refund'» OR tool_name = «'search'»)) ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING COVERING INDEX traces_start (project=? AND start_ns>? AND start_ns<?)
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH traces USING COVERING INDEX traces_trace (project=? AND trace_id=?)
-- SEARCH ranges USING PRIMARY KEY (trace=?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)

-- spans, of { tool:name = "refund" || tool:name = "search" }
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND (tool_name = «'refund'» OR tool_name = «'search'») ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_start (project=? AND start_ns>? AND start_ns<?)

-- traces, of { name =~ "chat.*" }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND EXISTS (SELECT 1 FROM span_ranges CROSS JOIN spans NOT INDEXED USING (project, trace_id) WHERE project = «'default'» AND trace_id = traces.trace_id AND id BETWEEN first_id AND last_id AND instr(CAST(name AS BLOB), «x'63686174'») = 1) ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING COVERING INDEX traces_start (project=? AND start_ns>? AND start_ns<?)
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH traces USING COVERING INDEX traces_trace (project=? AND trace_id=?)
-- SEARCH ranges USING PRIMARY KEY (trace=?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)

-- spans, of { name =~ "chat.*" }
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND instr(CAST(name AS BLOB), «x'63686174'») = 1 ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_start (project=? AND start_ns>? AND start_ns<?)

-- traces, of { span.tenant = "acme" }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND EXISTS (SELECT 1 FROM span_ranges CROSS JOIN spans NOT INDEXED USING (project, trace_id) WHERE project = «'default'» AND trace_id = traces.trace_id AND id BETWEEN first_id AND last_id AND ((json_type(attributes, «'$."tenant"'») = 'text' AND (attributes ->> «'$."tenant"'») = «'acme'») OR json_type(attributes, «'$."tenant"'») = 'null' OR json_type(attributes, '$."…"') IS NOT NULL)) ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING COVERING INDEX traces_start (project=? AND start_ns>? AND start_ns<?)
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH traces USING COVERING INDEX traces_trace (project=? AND trace_id=?)
-- SEARCH ranges USING PRIMARY KEY (trace=?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)

-- spans, of { span.tenant = "acme" }
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND ((json_type(attributes, «'$."tenant"'») = 'text' AND (attributes ->> «'$."tenant"'») = «'acme'») OR json_type(attributes, «'$."tenant"'») = 'null' OR json_type(attributes, '$."…"') IS NOT NULL) ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_start (project=? AND start_ns>? AND start_ns<?)

-- traces, of { trace:id = "0102030405060708090a0b0c0d0e0f10" }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_trace WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND EXISTS (SELECT 1 FROM span_ranges CROSS JOIN spans NOT INDEXED USING (project, trace_id) WHERE project = «'default'» AND trace_id = traces.trace_id AND id BETWEEN first_id AND last_id AND trace_id = «x'0102030405060708090a0b0c0d0e0f10'») AND trace_id = «x'0102030405060708090a0b0c0d0e0f10'» ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING INDEX traces_trace (project=? AND trace_id=?)
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH traces USING COVERING INDEX traces_trace (project=? AND trace_id=?)
-- SEARCH ranges USING PRIMARY KEY (trace=?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)

-- spans, of { trace:id = "0102030405060708090a0b0c0d0e0f10" }
WITH page AS MATERIALIZED (SELECT id FROM span_ranges CROSS JOIN spans NOT INDEXED USING (project, trace_id) WHERE project = «'default'» AND trace_id = «x'0102030405060708090a0b0c0d0e0f10'» AND id BETWEEN first_id AND last_id AND start_ns >= «86400000000000» AND start_ns < «172800000000000» ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING COVERING INDEX traces_trace (project=? AND trace_id=?)
-- SEARCH ranges USING PRIMARY KEY (trace=?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
-- USE TEMP B-TREE FOR ORDER BY

-- traces, of { nestedSetParent < 0 && trace:duration > 1m }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND duration_ns > «60000000000» AND EXISTS (SELECT 1 FROM span_ranges CROSS JOIN spans NOT INDEXED USING (project, trace_id) WHERE project = «'default'» AND trace_id = traces.trace_id AND id BETWEEN first_id AND last_id AND parent_id IS NULL) ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING INDEX traces_start (project=? AND start_ns>? AND start_ns<?)
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH traces USING COVERING INDEX traces_trace (project=? AND trace_id=?)
-- SEARCH ranges USING PRIMARY KEY (trace=?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)

-- spans, of { nestedSetParent < 0 && trace:duration > 1m }
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND parent_id IS NULL ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_start (project=? AND start_ns>? AND start_ns<?)

-- traces, of { agent:id = "support" } >> { type = tool && failed }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_trace WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND EXISTS (SELECT 1 FROM span_ranges CROSS JOIN spans NOT INDEXED USING (project, trace_id) WHERE project = «'default'» AND trace_id = traces.trace_id AND id BETWEEN first_id AND last_id AND type = «6» AND failed = 1) AND trace_id IN (SELECT trace_id FROM spans INDEXED BY spans_agent WHERE project = «'default'» AND agent_id = «'support'» AND (start_ns, id) >= («86400000000001», «7») AND start_ns <= «172800000000000») ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING INDEX traces_trace (project=? AND trace_id=?)
-- LIST SUBQUERY 2
-- SEARCH spans USING INDEX spans_agent (project=? AND agent_id=? AND start_ns>? AND start_ns<?)
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH traces USING COVERING INDEX traces_trace (project=? AND trace_id=?)
-- SEARCH ranges USING PRIMARY KEY (trace=?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
-- USE TEMP B-TREE FOR ORDER BY

-- spans, of { agent:id = "support" } >> { type = tool && failed }
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_failed WHERE project = «'default'» AND failed = 1 AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND type = «6» ORDER BY start_ns DESC, id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_failed (project=? AND start_ns>? AND start_ns<?)

-- traces, of { type = agent } >> { tool:name = "refund" && duration > 2s }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND EXISTS (SELECT 1 FROM span_ranges CROSS JOIN spans NOT INDEXED USING (project, trace_id) WHERE project = «'default'» AND trace_id = traces.trace_id AND id BETWEEN first_id AND last_id AND type = «1») AND EXISTS (SELECT 1 FROM span_ranges CROSS JOIN spans NOT INDEXED USING (project, trace_id) WHERE project = «'default'» AND trace_id = traces.trace_id AND id BETWEEN first_id AND last_id AND tool_name = «'refund'» AND (end_ns - start_ns) > «2000000000») ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING COVERING INDEX traces_start (project=? AND start_ns>? AND start_ns<?)
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH traces USING COVERING INDEX traces_trace (project=? AND trace_id=?)
-- SEARCH ranges USING PRIMARY KEY (trace=?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
-- CORRELATED SCALAR SUBQUERY 2
-- SEARCH traces USING COVERING INDEX traces_trace (project=? AND trace_id=?)
-- SEARCH ranges USING PRIMARY KEY (trace=?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)

-- spans, of { type = agent } >> { tool:name = "refund" && duration > 2s }
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND tool_name = «'refund'» AND (end_ns - start_ns) > «2000000000» ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_start (project=? AND start_ns>? AND start_ns<?)

-- traces, of { content:input : "refund" && user:id = "u-1" }
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_trace WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND trace_id IN (SELECT trace_id FROM spans INDEXED BY spans_user WHERE project = «'default'» AND user_id = «'u-1'» AND (start_ns, id) >= («86400000000001», «7») AND start_ns <= «172800000000000») ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING INDEX traces_trace (project=? AND trace_id=?)
-- LIST SUBQUERY 1
-- SEARCH spans USING INDEX spans_user (project=? AND user_id=? AND start_ns>? AND start_ns<?)
-- USE TEMP B-TREE FOR ORDER BY

-- spans, of { content:input : "refund" && user:id = "u-1" }
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_user WHERE project = «'default'» AND user_id = «'u-1'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» ORDER BY start_ns DESC, id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING COVERING INDEX spans_user (project=? AND user_id=? AND start_ns>? AND start_ns<?)

-- traces, of { type = llm } | count() > 20
WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY traces_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND EXISTS (SELECT 1 FROM span_ranges CROSS JOIN spans NOT INDEXED USING (project, trace_id) WHERE project = «'default'» AND trace_id = traces.trace_id AND id BETWEEN first_id AND last_id AND type = «5») ORDER BY start_ns DESC, trace_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH traces USING COVERING INDEX traces_start (project=? AND start_ns>? AND start_ns<?)
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH traces USING COVERING INDEX traces_trace (project=? AND trace_id=?)
-- SEARCH ranges USING PRIMARY KEY (trace=?)
-- SEARCH spans USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)

-- spans, of { type = llm } | count() > 20
WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY spans_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND type = «5» ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»)
-- MATERIALIZE page
-- SEARCH spans USING INDEX spans_start (project=? AND start_ns>? AND start_ns<?)

-- cells in a large part of all spans, of { type = llm } | sum_over_time(usage:total) by (model:name)
SELECT start_ns, CASE WHEN type IN (5, 8, 9) AND (input_tokens | cache_read_tokens | cache_write_tokens | output_tokens | reasoning_tokens | audio_input_tokens | audio_output_tokens | reported_total_tokens) <> 0 THEN input_tokens + cache_read_tokens + cache_write_tokens + output_tokens + reasoning_tokens + audio_input_tokens + audio_output_tokens END, model FROM spans NOT INDEXED WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND type = «5» AND (type IN (5, 8, 9) AND (input_tokens | cache_read_tokens | cache_write_tokens | output_tokens | reasoning_tokens | audio_input_tokens | audio_output_tokens | reported_total_tokens) <> 0)
-- SCAN spans

-- cells in a small part, of { type = llm } | sum_over_time(usage:total) by (model:name)
SELECT start_ns, CASE WHEN type IN (5, 8, 9) AND (input_tokens | cache_read_tokens | cache_write_tokens | output_tokens | reasoning_tokens | audio_input_tokens | audio_output_tokens | reported_total_tokens) <> 0 THEN input_tokens + cache_read_tokens + cache_write_tokens + output_tokens + reasoning_tokens + audio_input_tokens + audio_output_tokens END, model FROM spans INDEXED BY spans_start WHERE project = «'default'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND type = «5» AND (type IN (5, 8, 9) AND (input_tokens | cache_read_tokens | cache_write_tokens | output_tokens | reasoning_tokens | audio_input_tokens | audio_output_tokens | reported_total_tokens) <> 0)
-- SEARCH spans USING INDEX spans_start (project=? AND start_ns>? AND start_ns<?)

-- cells in a large part of all spans, of { failed } | rate() by (tool:name, type)
SELECT start_ns, 0, tool_name, type FROM spans NOT INDEXED WHERE project = «'default'» AND failed = 1 AND start_ns >= «86400000000000» AND start_ns < «172800000000000»
-- SCAN spans

-- cells in a small part, of { failed } | rate() by (tool:name, type)
SELECT start_ns, 0, tool_name, type FROM spans INDEXED BY spans_failed WHERE project = «'default'» AND failed = 1 AND start_ns >= «86400000000000» AND start_ns < «172800000000000»
-- SEARCH spans USING INDEX spans_failed (project=? AND start_ns>? AND start_ns<?)

-- cells in a large part of all spans, of { agent:id = "support" } | quantile_over_time(duration, 0.9)
SELECT start_ns, (end_ns - start_ns) FROM spans NOT INDEXED WHERE project = «'default'» AND agent_id = «'support'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND (end_ns - start_ns) IS NOT NULL
-- SCAN spans

-- cells in a small part, of { agent:id = "support" } | quantile_over_time(duration, 0.9)
SELECT start_ns, (end_ns - start_ns) FROM spans INDEXED BY spans_agent WHERE project = «'default'» AND agent_id = «'support'» AND start_ns >= «86400000000000» AND start_ns < «172800000000000» AND (end_ns - start_ns) IS NOT NULL
-- SEARCH spans USING INDEX spans_agent (project=? AND agent_id=? AND start_ns>? AND start_ns<?)

