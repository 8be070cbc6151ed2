-- newest runs
SELECT … FROM all_runs WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999» ORDER BY start_ns DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»
-- Index Scan Backward using runs_start on runs_20260429 by project, start_ns
-- Index Scan Backward using runs_start on runs_20260428 by project, start_ns
-- Index Scan Backward using open_runs_start on open_runs_20260429 by project, start_ns
-- Index Scan Backward using open_runs_start on open_runs_20260428 by project, start_ns

-- oldest runs of a session, behind one
SELECT … FROM all_runs WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND session_id = «'s7'»
    AND start_ns >= «1777420800000000007»
    AND (start_ns, trace_id, span_id, start_ns) > («1777420800000000007», «00000000-0000-0000-0000-000000000001», «1», «1777420800000000007») ORDER BY start_ns ASC, trace_id ASC, span_id ASC, start_ns ASC LIMIT «20»
-- Index Scan using runs_session on runs_20260429 by project, session_id, start_ns
-- Index Scan using open_runs_start on open_runs_20260429 by project, start_ns

-- runs of an agent with an error
SELECT … FROM all_runs WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND agent_id = «'support'»
    AND type = ANY(«[1]»::smallint[])
    AND status = «2» ORDER BY start_ns DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»
-- Index Scan Backward using runs_start on runs_20260429 by project, start_ns
-- Index Scan Backward using runs_agent on runs_20260428 by agent_id, project, start_ns
-- Index Scan Backward using open_runs_start on open_runs_20260429 by project, start_ns
-- Index Scan Backward using open_runs_start on open_runs_20260428 by project, start_ns

-- failed runs
SELECT … FROM all_runs WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND failed ORDER BY start_ns DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»
-- Index Scan Backward using runs_failed on runs_20260429 by project, start_ns
-- Index Scan Backward using runs_failed on runs_20260428 by project, start_ns
-- Index Scan Backward using open_runs_start on open_runs_20260429 by project, start_ns
-- Index Scan Backward using open_runs_start on open_runs_20260428 by project, start_ns

-- runs with a run id
SELECT … FROM all_runs WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND run_id = «'r1'» AND trace_id = ANY(ARRAY(
        SELECT DISTINCT trace_id FROM spans WHERE project = «'default'» AND run_id = «'r1'» AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»)) ORDER BY start_ns DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»
-- Index Scan using spans_run on spans_20260428 by project, run_id, start_ns
-- Index Scan using spans_run on spans_20260429 by project, run_id, start_ns
-- Index Scan Backward using runs_start on runs_20260428 by project, start_ns
-- Index Scan using runs_pkey on runs_20260429 by project, start_ns, trace_id
-- Index Scan Backward using open_runs_start on open_runs_20260428 by project, start_ns
-- Index Scan using open_runs_trace on open_runs_20260429 by trace_id

-- runs of a trace
SELECT … FROM all_runs WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND trace_id = «3b000000-0000-0000-0000-000000000000» ORDER BY start_ns DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»
-- Index Scan using runs_pkey on runs_20260428 by project, start_ns, trace_id
-- Index Scan using runs_pkey on runs_20260429 by project, start_ns, trace_id
-- Index Scan using open_runs_trace on open_runs_20260428 by trace_id
-- Index Scan using open_runs_trace on open_runs_20260429 by trace_id

-- some runs
SELECT … FROM all_runs WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND trace_id = ANY(«1 ids»::uuid[]) AND (trace_id, span_id, start_ns) IN (SELECT * FROM unnest(«1 ids»::uuid[], «[1]»::bigint[], «[1777420800000000007]»::bigint[])) ORDER BY start_ns DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»
-- Index Scan using runs_pkey on runs_20260428 by project, start_ns, trace_id
-- Index Scan using runs_pkey on runs_20260429 by project, start_ns, trace_id
-- Index Scan Backward using open_runs_trace on open_runs_20260428 by trace_id
-- Index Scan Backward using open_runs_trace on open_runs_20260429 by trace_id

-- costliest runs, behind one
SELECT … FROM all_runs WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND coalesce(total_cost_nano, 0) <= «1777420800000000007»
    AND (coalesce(total_cost_nano, 0), trace_id, span_id, start_ns) < («1777420800000000007», «00000000-0000-0000-0000-000000000001», «1», «1777420800000000007») ORDER BY coalesce(total_cost_nano, 0) DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»
-- Index Scan using runs_start on runs_20260428 by project, start_ns
-- Index Scan using runs_start on runs_20260429 by project, start_ns
-- Index Scan using open_runs_start on open_runs_20260428 by project, start_ns
-- Index Scan using open_runs_start on open_runs_20260429 by project, start_ns

-- longest runs of a minute at least
SELECT … FROM all_runs WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND end_ns - start_ns >= «60000000000» ORDER BY end_ns - start_ns DESC, trace_id DESC, span_id DESC, start_ns DESC LIMIT «20»
-- Index Scan using runs_start on runs_20260428 by project, start_ns
-- Index Scan using runs_start on runs_20260429 by project, start_ns
-- Index Scan using open_runs_start on open_runs_20260428 by project, start_ns
-- Index Scan using open_runs_start on open_runs_20260429 by project, start_ns

-- runs whose traces have settled

SELECT trace_id FROM traces
WHERE project = «'default'» AND trace_id = ANY(«1 ids»::uuid[]) AND day_ns >= «1777420800000000000» AND day_ns <= «1777420800000000000»
GROUP BY trace_id
HAVING bool_and(settled_spans = spans)
-- Index Scan using traces_pkey on traces_20260429 by day_ns, project, trace_id

-- sessions, by the runs that
SELECT session_id, start_ns FROM all_runs WHERE project = «'default'» AND session_id IS NOT NULL
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND agent_id = «'support'»
    AND session_id <> ALL(«[s1]»::text[])
    AND start_ns <= «1777420800000000007»
    AND (start_ns, session_id) < («1777420800000000007», «'s2'») ORDER BY start_ns DESC, session_id DESC LIMIT «128»
-- Index Scan Backward using runs_agent on runs_20260428 by agent_id, project, start_ns
-- Index Scan Backward using runs_agent on runs_20260429 by agent_id, project, start_ns
-- Index Scan Backward using open_runs_start on open_runs_20260428 by project, start_ns
-- Index Scan Backward using open_runs_start on open_runs_20260429 by project, start_ns

-- sessions that a page before had
SELECT DISTINCT session_id FROM all_runs WHERE project = «'default'» AND session_id IS NOT NULL
    AND start_ns >= «1777420800000000007» AND start_ns <= «1777507199999999999»
    AND agent_id = «'support'»
    AND session_id = ANY(«[s3]»::text[])
    AND (start_ns, session_id) >= («1777420800000000007», «'s2'»)
-- Index Scan using runs_session on runs_20260429 by project, session_id, start_ns
-- Index Scan using open_runs_start on open_runs_20260429 by project, start_ns

-- sessions, summed up
SELECT session_id, min(start_ns), max(end_ns), max(start_ns), count(*), count(*) FILTER (WHERE failed), bool_and(settled), count(DISTINCT trace_id), array_agg(DISTINCT trace_id) FILTER (WHERE trace_id IN (SELECT trace_id FROM trace_days WHERE project = «'default'» AND first_day_ns <> last_day_ns)), (array_agg(DISTINCT user_id) FILTER (WHERE user_id IS NOT NULL))[:100], (array_agg(DISTINCT agent_id) FILTER (WHERE agent_id IS NOT NULL))[:100], (array_agg(DISTINCT team_id) FILTER (WHERE team_id IS NOT NULL))[:100], (array_agg(DISTINCT workflow_id) FILTER (WHERE workflow_id IS NOT NULL))[:100], greatest(least(coalesce(sum(spans), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(model_calls), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(model_failures), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(tool_calls), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(tool_failures), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(retries), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(input_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(cache_read_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(cache_write_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(output_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(reasoning_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(audio_input_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(audio_output_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(reported_total_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(cost_nano), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(reported_cost_nano), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(computed_cost_nano), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(reported_calls), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(computed_calls), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(unpriced_calls), 0), 9223372036854775807), -9223372036854775807)::bigint
FROM all_runs
WHERE project = «'default'» AND session_id = ANY(«[s3]»::text[]) AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
GROUP BY session_id
-- Index Scan using runs_session on runs_20260428 by project, session_id, start_ns
-- Index Scan using runs_session on runs_20260429 by project, session_id, start_ns
-- Index Scan using open_runs_start on open_runs_20260428 by project, start_ns
-- Index Scan using open_runs_start on open_runs_20260429 by project, start_ns
-- Index Scan using trace_days_spread on trace_days by project

-- bills
SELECT kind, coalesce(model, ''), start_ns - start_ns % 86400000000000, greatest(least(coalesce(sum(calls), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(failures), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(nanos), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(input_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(cache_read_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(cache_write_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(output_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(reasoning_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(audio_input_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(audio_output_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(reported_total_tokens), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(cost_nano), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(reported_cost_nano), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(computed_cost_nano), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(reported_calls), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(computed_calls), 0), 9223372036854775807), -9223372036854775807)::bigint, greatest(least(coalesce(sum(unpriced_calls), 0), 9223372036854775807), -9223372036854775807)::bigint, coalesce(string_agg(latencies, ''), '')
FROM bills
WHERE project = «'default'»
    AND start_ns >= «1777334400000000000» AND start_ns <= «1777507199999999999»
    AND user_id = «'u-1'»
GROUP BY 1, 2, 3
LIMIT «2001»
-- Seq Scan using  on bills_20260428
-- Seq Scan using  on bills_20260429

