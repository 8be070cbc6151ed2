---- { }

-- traces, of which
SELECT start_ns AS key, trace_id, day_ns, start_ns, end_ns, false AS spread FROM traces WHERE project = «'default'» AND part = 0
    AND day_ns >= «1777334400000000000» AND day_ns <= «1777420800000000000»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999» ORDER BY key DESC, trace_id DESC LIMIT «20»
-- Index Scan Backward using traces_start on traces_20260428 by project, start_ns
-- Index Scan Backward using traces_start on traces_20260429 by project, start_ns

-- spans
SELECT … FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND start_ns >= «1777334400000000000»
    AND start_ns < «1777507200000000000» ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»
-- Index Scan Backward using spans_pkey on spans_20260429 by project, start_ns
-- Index Scan Backward using spans_pkey on spans_20260428 by project, start_ns

---- { session:id = "s7" }

-- traces, by the spans that
SELECT trace_id, start_ns FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND session_id = «'s7'»::text ORDER BY start_ns DESC LIMIT «64»
-- Index Scan Backward using spans_session on spans_20260429 by project, session_id, start_ns
-- Index Scan Backward using spans_session on spans_20260428 by project, session_id, start_ns

-- spans
SELECT … FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND start_ns >= «1777334400000000000»
    AND start_ns < «1777507200000000000»
    AND session_id = «'s7'»::text ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»
-- Index Scan Backward using spans_session on spans_20260429 by project, session_id, start_ns
-- Index Scan Backward using spans_session on spans_20260428 by project, session_id, start_ns

---- { agent:id = "support" && status = error }

-- traces, by the spans that
SELECT trace_id, start_ns FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND agent_id = «'support'»::text
    AND status = «2»::bigint
    AND failed ORDER BY start_ns DESC LIMIT «64»
-- Index Scan Backward using spans_failed on spans_20260429 by project, start_ns
-- Index Scan Backward using spans_failed on spans_20260428 by project, start_ns

-- spans
SELECT … FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND start_ns >= «1777334400000000000»
    AND start_ns < «1777507200000000000»
    AND agent_id = «'support'»::text
    AND status = «2»::bigint
    AND failed ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»
-- Index Scan Backward using spans_failed on spans_20260429 by project, start_ns
-- Index Scan Backward using spans_failed on spans_20260428 by project, start_ns

---- { failed }

-- traces, by the spans that
SELECT trace_id, start_ns FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND failed ORDER BY start_ns DESC LIMIT «64»
-- Index Scan Backward using spans_failed on spans_20260429 by project, start_ns
-- Index Scan Backward using spans_failed on spans_20260428 by project, start_ns

-- spans
SELECT … FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND start_ns >= «1777334400000000000»
    AND start_ns < «1777507200000000000»
    AND failed ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»
-- Index Scan Backward using spans_failed on spans_20260429 by project, start_ns
-- Index Scan Backward using spans_failed on spans_20260428 by project, start_ns

---- { type = tool && failed }

-- traces, by the spans that
SELECT trace_id, start_ns FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND type = «6»::bigint
    AND failed ORDER BY start_ns DESC LIMIT «64»
-- Index Scan Backward using spans_failed on spans_20260429 by project, start_ns
-- Index Scan Backward using spans_failed on spans_20260428 by project, start_ns

-- spans
SELECT … FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND start_ns >= «1777334400000000000»
    AND start_ns < «1777507200000000000»
    AND type = «6»::bigint
    AND failed ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»
-- Index Scan Backward using spans_failed on spans_20260429 by project, start_ns
-- Index Scan Backward using spans_failed on spans_20260428 by project, start_ns

---- { type = llm && duration > 5s }

-- traces, of which
SELECT start_ns AS key, trace_id, day_ns, start_ns, end_ns, false AS spread FROM traces WHERE project = «'default'» AND part = 0
    AND day_ns >= «1777334400000000000» AND day_ns <= «1777420800000000000»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999» ORDER BY key DESC, trace_id DESC LIMIT «20»
-- Index Scan Backward using traces_start on traces_20260428 by project, start_ns
-- Index Scan Backward using traces_start on traces_20260429 by project, start_ns

-- and that have
SELECT DISTINCT trace_id FROM spans WHERE project = «'default'»
    AND start_ns >= «1777420800000000000» AND start_ns <= «1777420800000100000»
    AND type = «5»::bigint
    AND (end_ns - start_ns) > «5000000000»::bigint
-- Index Scan using spans_pkey on spans_20260429 by project, start_ns

-- spans
SELECT … FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND start_ns >= «1777334400000000000»
    AND start_ns < «1777507200000000000»
    AND type = «5»::bigint
    AND (end_ns - start_ns) > «5000000000»::bigint ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»
-- Index Scan Backward using spans_pkey on spans_20260429 by project, start_ns
-- Index Scan Backward using spans_pkey on spans_20260428 by project, start_ns

---- { tool:name = "refund" || tool:name = "search" }

-- traces, of which
SELECT start_ns AS key, trace_id, day_ns, start_ns, end_ns, false AS spread FROM traces WHERE project = «'default'» AND part = 0
    AND day_ns >= «1777334400000000000» AND day_ns <= «1777420800000000000»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999» ORDER BY key DESC, trace_id DESC LIMIT «20»
-- Index Scan Backward using traces_start on traces_20260428 by project, start_ns
-- Index Scan Backward using traces_start on traces_20260429 by project, start_ns

-- and that have
SELECT DISTINCT trace_id FROM spans WHERE project = «'default'»
    AND start_ns >= «1777420800000000000» AND start_ns <= «1777420800000100000»
    AND (tool_name = «'refund'»::text OR tool_name = «'search'»::text)
-- Index Scan using spans_pkey on spans_20260429 by project, start_ns

-- spans
SELECT … FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND start_ns >= «1777334400000000000»
    AND start_ns < «1777507200000000000»
    AND (tool_name = «'refund'»::text OR tool_name = «'search'»::text) ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»
-- Index Scan Backward using spans_pkey on spans_20260429 by project, start_ns
-- Index Scan Backward using spans_pkey on spans_20260428 by project, start_ns

---- { name =~ "chat.*" }

-- traces, of which
SELECT start_ns AS key, trace_id, day_ns, start_ns, end_ns, false AS spread FROM traces WHERE project = «'default'» AND part = 0
    AND day_ns >= «1777334400000000000» AND day_ns <= «1777420800000000000»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999» ORDER BY key DESC, trace_id DESC LIMIT «20»
-- Index Scan Backward using traces_start on traces_20260428 by project, start_ns
-- Index Scan Backward using traces_start on traces_20260429 by project, start_ns

-- and that have
SELECT DISTINCT trace_id FROM spans WHERE project = «'default'»
    AND start_ns >= «1777420800000000000» AND start_ns <= «1777420800000100000»
    AND starts_with(name, «'chat'»::text)
-- Index Scan using spans_pkey on spans_20260429 by project, start_ns

-- spans
SELECT … FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND start_ns >= «1777334400000000000»
    AND start_ns < «1777507200000000000»
    AND starts_with(name, «'chat'»::text) ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»
-- Index Scan Backward using spans_pkey on spans_20260429 by project, start_ns
-- Index Scan Backward using spans_pkey on spans_20260428 by project, start_ns

---- { usage:total > 10000 }

-- traces, of which
SELECT start_ns AS key, trace_id, day_ns, start_ns, end_ns, false AS spread FROM traces WHERE project = «'default'» AND part = 0
    AND day_ns >= «1777334400000000000» AND day_ns <= «1777420800000000000»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999» ORDER BY key DESC, trace_id DESC LIMIT «20»
-- Index Scan Backward using traces_start on traces_20260428 by project, start_ns
-- Index Scan Backward using traces_start on traces_20260429 by project, start_ns

-- and that have
SELECT DISTINCT trace_id FROM spans WHERE project = «'default'»
    AND start_ns >= «1777420800000000000» AND start_ns <= «1777420800000100000»
    AND (CASE WHEN type IN (5, 8, 9) AND num_nonnulls(input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens, reported_total_tokens) > 0 THEN coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) + coalesce(output_tokens, 0) + coalesce(reasoning_tokens, 0) + coalesce(audio_input_tokens, 0) + coalesce(audio_output_tokens, 0) END) > «10000»::bigint
-- Index Scan using spans_pkey on spans_20260429 by project, start_ns

-- spans
SELECT … FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND start_ns >= «1777334400000000000»
    AND start_ns < «1777507200000000000»
    AND (CASE WHEN type IN (5, 8, 9) AND num_nonnulls(input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens, reported_total_tokens) > 0 THEN coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) + coalesce(output_tokens, 0) + coalesce(reasoning_tokens, 0) + coalesce(audio_input_tokens, 0) + coalesce(audio_output_tokens, 0) END) > «10000»::bigint ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»
-- Index Scan Backward using spans_pkey on spans_20260429 by project, start_ns
-- Index Scan Backward using spans_pkey on spans_20260428 by project, start_ns

---- { span.tenant = "acme" }

-- traces, of which
SELECT start_ns AS key, trace_id, day_ns, start_ns, end_ns, false AS spread FROM traces WHERE project = «'default'» AND part = 0
    AND day_ns >= «1777334400000000000» AND day_ns <= «1777420800000000000»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999» ORDER BY key DESC, trace_id DESC LIMIT «20»
-- Index Scan Backward using traces_start on traces_20260428 by project, start_ns
-- Index Scan Backward using traces_start on traces_20260429 by project, start_ns

-- and that have
SELECT DISTINCT trace_id FROM spans WHERE project = «'default'»
    AND start_ns >= «1777420800000000000» AND start_ns <= «1777420800000100000»
    AND (attributes @> «'{"tenant":"acme"}'»::jsonb OR attributes @> «'{"tenant":null}'»::jsonb OR attributes ? '…')
-- Index Scan using spans_pkey on spans_20260429 by project, start_ns

-- spans
SELECT … FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND start_ns >= «1777334400000000000»
    AND start_ns < «1777507200000000000»
    AND (attributes @> «'{"tenant":"acme"}'»::jsonb OR attributes @> «'{"tenant":null}'»::jsonb OR attributes ? '…') ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»
-- Index Scan Backward using spans_pkey on spans_20260429 by project, start_ns
-- Index Scan Backward using spans_pkey on spans_20260428 by project, start_ns

---- { trace:id = "3b000000000000000000000000000007" }

-- traces, of this one
SELECT trace_id, first_day_ns, last_day_ns FROM trace_days WHERE project = «'default'» AND trace_id = ANY(«1 ids»::uuid[])
-- Index Scan using trace_days_pkey on trace_days by project, trace_id

-- and that have
SELECT DISTINCT trace_id FROM spans WHERE project = «'default'»
    AND start_ns >= «1777420800000000000» AND start_ns <= «1777420800000100000»
    AND trace_id = ANY(«64 ids»::uuid[])
    AND trace_id = «3b000000-0000-0000-0000-000000000007»
-- Index Only Scan using spans_pkey on spans_20260429 by project, start_ns, trace_id

-- spans
SELECT … FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND start_ns >= «1777334400000000000»
    AND start_ns < «1777507200000000000»
    AND trace_id = «3b000000-0000-0000-0000-000000000007» ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»
-- Index Scan using spans_trace on spans_20260428 by trace_id
-- Index Scan using spans_trace on spans_20260429 by trace_id

---- { nestedSetParent < 0 && trace:duration > 1m }

-- traces, of which
SELECT start_ns AS key, trace_id, day_ns, start_ns, end_ns, false AS spread FROM traces WHERE project = «'default'» AND part = 0
    AND day_ns >= «1777334400000000000» AND day_ns <= «1777420800000000000»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND (end_ns - start_ns) > «60000000000»::bigint ORDER BY key DESC, trace_id DESC LIMIT «20»
-- Index Scan Backward using traces_start on traces_20260428 by project, start_ns
-- Index Scan Backward using traces_start on traces_20260429 by project, start_ns

-- and that have
SELECT DISTINCT trace_id FROM spans WHERE project = «'default'»
    AND start_ns >= «1777420800000000000» AND start_ns <= «1777420800000100000»
    AND trace_id = ANY(«64 ids»::uuid[])
    AND parent_id IS NULL
-- Index Scan using spans_pkey on spans_20260429 by project, start_ns

-- spans
SELECT … FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND start_ns >= «1777334400000000000»
    AND start_ns < «1777507200000000000»
    AND parent_id IS NULL ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»
-- Index Scan Backward using spans_pkey on spans_20260429 by project, start_ns
-- Index Scan Backward using spans_pkey on spans_20260428 by project, start_ns

---- { agent:id = "support" } >> { type = tool && failed }

-- traces, by the spans that
SELECT trace_id, start_ns FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND agent_id = «'support'»::text ORDER BY start_ns DESC LIMIT «64»
-- Index Scan Backward using spans_agent on spans_20260429 by agent_id, project, start_ns
-- Index Scan Backward using spans_pkey on spans_20260428 by project, start_ns

-- and that have
SELECT DISTINCT trace_id FROM spans WHERE project = «'default'»
    AND start_ns >= «1777420800000000000» AND start_ns <= «1777420800000100000»
    AND trace_id = ANY(«64 ids»::uuid[])
    AND type = «6»::bigint
    AND failed
-- Index Scan using spans_failed on spans_20260429 by project, start_ns

-- spans
SELECT … FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND start_ns >= «1777334400000000000»
    AND start_ns < «1777507200000000000»
    AND type = «6»::bigint
    AND failed ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»
-- Index Scan Backward using spans_failed on spans_20260429 by project, start_ns
-- Index Scan Backward using spans_failed on spans_20260428 by project, start_ns

---- { content:input : "refund" && user:id = "u-1" }

-- traces, by the spans that
SELECT trace_id, start_ns FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND user_id = «'u-1'»::text ORDER BY start_ns DESC LIMIT «64»
-- Index Scan Backward using spans_user on spans_20260429 by project, start_ns, user_id
-- Index Scan Backward using spans_user on spans_20260428 by project, start_ns, user_id

-- spans
SELECT … FROM spans WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND start_ns >= «1777334400000000000»
    AND start_ns < «1777507200000000000»
    AND user_id = «'u-1'»::text ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT «20»
-- Index Scan Backward using spans_user on spans_20260429 by project, start_ns, user_id
-- Index Scan Backward using spans_user on spans_20260428 by project, start_ns, user_id

