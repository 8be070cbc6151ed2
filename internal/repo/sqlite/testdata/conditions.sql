-- agent:id = "support"
agent_id = «'support'»

-- name != "run"
name <> «'run'»

-- !(name = "run")
(name = «'run'») IS NOT TRUE

-- name >= "run"
name >= «'run'»

-- name contains "run"
instr(CAST(name AS BLOB), «x'72756e'») > 0

-- name begins with "run"
instr(CAST(name AS BLOB), «x'72756e'») = 1

-- name = nil
name IS NULL

-- name != nil
name IS NOT NULL

-- failed = true
failed = 1

-- failed != true
failed = 0

-- type = tool
type = «6»

-- status = error
status = «2»

-- duration > 2s
(end_ns - start_ns) > «2000000000»

-- duration <= 1.5
(end_ns - start_ns) <= «1.5»

-- nestedSetParent < 0
CASE WHEN parent_id IS NULL THEN -1 ELSE 1 END < «0»

-- usage:input > 1000
CASE WHEN type IN (5, 8, 9) AND (input_tokens | cache_read_tokens | cache_write_tokens | output_tokens | reasoning_tokens | audio_input_tokens | audio_output_tokens | reported_total_tokens) <> 0 THEN input_tokens END > «1000»

-- usage:total > 1000
CASE WHEN type IN (5, 8, 9) AND (input_tokens | cache_read_tokens | cache_write_tokens | output_tokens | reasoning_tokens | audio_input_tokens | audio_output_tokens | reported_total_tokens) <> 0 THEN input_tokens + cache_read_tokens + cache_write_tokens + output_tokens + reasoning_tokens + audio_input_tokens + audio_output_tokens END > «1000»

-- usage:output = nil
NOT (type IN (5, 8, 9) AND (input_tokens | cache_read_tokens | cache_write_tokens | output_tokens | reasoning_tokens | audio_input_tokens | audio_output_tokens | reported_total_tokens) <> 0)

-- trace:id = "0102030405060708090a0b0c0d0e0f10"
trace_id = «x'0102030405060708090a0b0c0d0e0f10'»

-- trace:id = "0102"
FALSE

-- trace:id != "0102"
trace_id IS NOT NULL

-- trace:id begins with "0102"
instr(CAST(lower(hex(trace_id)) AS BLOB), «x'30313032'») = 1

-- span:id = "fedcba9876543210"
span_id = «-81985529216486896»

-- span:parentID < "8"
CASE WHEN parent_id IS NOT NULL THEN printf('%016x', parent_id) END < «'8'»

-- span:parentID = nil
parent_id IS NULL

-- name = 1
FALSE

-- tool:result = "in no row"
NULL = «'in no row'»

-- trace:duration > 1m
duration_ns > «60000000000»

-- trace:errorCount > 0
errors > «0»

-- trace:rootName = "run"
root_name = «'run'»

-- row "tenant" = "acme"
((json_type(attributes, «'$."tenant"'») = 'text' AND (attributes ->> «'$."tenant"'») = «'acme'») OR json_type(attributes, «'$."tenant"'») = 'null' OR json_type(attributes, '$."…"') IS NOT NULL)

-- !(row "tenant" = "acme")
((json_type(attributes, «'$."tenant"'») = 'text' AND (attributes ->> «'$."tenant"'») = «'acme'») IS NOT TRUE OR json_type(attributes, «'$."tenant"'») = 'null' OR json_type(attributes, '$."…"') IS NOT NULL)

-- row "tenant" contains "ac"
((json_type(attributes, «'$."tenant"'») = 'text' AND instr(CAST((attributes ->> «'$."tenant"'») AS BLOB), «x'6163'») > 0) OR json_type(attributes, «'$."tenant"'») = 'null' OR json_type(attributes, '$."…"') IS NOT NULL)

-- row "retries" > 2
((json_type(attributes, «'$."retries"'») IN ('integer', 'real') AND (attributes ->> «'$."retries"'») > «2») OR json_type(attributes, «'$."retries"'») = 'null' OR json_type(attributes, '$."…"') IS NOT NULL)

-- row "cached" = true
((json_type(attributes, «'$."cached"'») IN ('true', 'false') AND (attributes ->> «'$."cached"'») = «1») OR json_type(attributes, «'$."cached"'») = 'null' OR json_type(attributes, '$."…"') IS NOT NULL)

-- row "tenant" = nil
((json_type(attributes, «'$."tenant"'») IS NULL) OR json_type(attributes, «'$."tenant"'») = 'null' OR json_type(attributes, '$."…"') IS NOT NULL)

-- row "tenant" != nil
((json_type(attributes, «'$."tenant"'») IS NOT NULL) OR json_type(attributes, «'$."tenant"'») = 'null' OR json_type(attributes, '$."…"') IS NOT NULL)

-- row "a \"quoted\" key" = "acme"
(((SELECT e.type FROM json_each(attributes) AS e WHERE e.key = «'a "quoted" key'») = 'text' AND ((SELECT e.atom FROM json_each(attributes) AS e WHERE e.key = «'a "quoted" key'»)) = «'acme'») OR (SELECT e.type FROM json_each(attributes) AS e WHERE e.key = «'a "quoted" key'») = 'null' OR json_type(attributes, '$."…"') IS NOT NULL)

-- agent:id = "support" && failed = true
agent_id = «'support'» AND failed = 1

-- agent:id = "support" || (failed = true && type = tool)
(agent_id = «'support'» OR (failed = 1 AND type = «6»))

-- true


-- false
FALSE

