-- agent:id = "support"
agent_id = «'support'»::text

-- name != "run"
name <> «'run'»::text

-- !(name = "run")
(name = «'run'»::text) IS NOT TRUE

-- name >= "run"
name >= «'run'»::text

-- name contains "run"
strpos(name, «'run'»::text) > 0

-- name begins with "run"
starts_with(name, «'run'»::text)

-- name = "what no column\u0000can hold"
FALSE

-- name < "what no column\u0000can hold"
convert_to(name, 'UTF8') < «\x77686174206e6f20636f6c756d6e0063616e20686f6c64»::bytea

-- name = nil
name IS NULL

-- name != nil
name IS NOT NULL

-- failed = true
failed

-- failed != true
NOT failed

-- type = tool
type = «6»::bigint

-- status = error
status = «2»::bigint

-- duration > 2s
(end_ns - start_ns) > «2000000000»::bigint

-- duration <= 1.5
((end_ns - start_ns))::float8 <= «1.5»::float8

-- nestedSetParent < 0
parent_id IS NULL

-- nestedSetParent >= 0
parent_id IS NOT NULL

-- usage:input > 1000
(CASE WHEN type IN (5, 8, 9) AND num_nonnulls(input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens, reported_total_tokens) > 0 THEN coalesce(input_tokens, 0) END) > «1000»::bigint

-- usage:total > 1000
(CASE WHEN type IN (5, 8, 9) AND num_nonnulls(input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens, reported_total_tokens) > 0 THEN coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) + coalesce(output_tokens, 0) + coalesce(reasoning_tokens, 0) + coalesce(audio_input_tokens, 0) + coalesce(audio_output_tokens, 0) END) > «1000»::bigint

-- usage:output = nil
(CASE WHEN type IN (5, 8, 9) AND num_nonnulls(input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens, reported_total_tokens) > 0 THEN coalesce(output_tokens, 0) END) IS NULL

-- trace:id = "0102030405060708090a0b0c0d0e0f10"
trace_id = «01020304-0506-0708-090a-0b0c0d0e0f10»

-- trace:id = "0102"
FALSE

-- trace:id != "0102"
trace_id IS NOT NULL

-- trace:id begins with "0102"
starts_with(encode(uuid_send(trace_id), 'hex') COLLATE "C", «'0102'»::text)

-- span:id = "fedcba9876543210"
span_id = «-81985529216486896»

-- span:parentID < "8"
lpad(to_hex(parent_id), 16, '0') COLLATE "C" < «'8'»::text

-- span:parentID = nil
parent_id IS NULL

-- name = 1
FALSE

-- tool:result = "in no row"
NULL = «'in no row'»::text

-- trace:duration > 1m
(end_ns - start_ns) > «60000000000»::bigint

-- trace:errorCount > 0
errors > «0»::bigint

-- trace:rootName = "run"
root_name = «'run'»::text

-- row "tenant" = "acme"
(attributes @> «'{"tenant":"acme"}'»::jsonb OR attributes @> «'{"tenant":null}'»::jsonb OR attributes ? '…')

-- !(row "tenant" = "acme")
((attributes @> «'{"tenant":"acme"}'»::jsonb) IS NOT TRUE OR attributes @> «'{"tenant":null}'»::jsonb OR attributes ? '…')

-- row "tenant" contains "ac"
((CASE jsonb_typeof(attributes -> «'tenant'»::text) WHEN 'string' THEN strpos((attributes ->> «'tenant'»::text) COLLATE "C", «'ac'»::text) > 0 END) OR attributes @> «'{"tenant":null}'»::jsonb OR attributes ? '…')

-- row "retries" = 2
(attributes @> «'{"retries":2}'»::jsonb OR attributes @> «'{"retries":null}'»::jsonb OR attributes ? '…')

-- row "retries" > 2
((CASE jsonb_typeof(attributes -> «'retries'»::text) WHEN 'number' THEN (attributes -> «'retries'»::text)::numeric > «2»::bigint END) OR attributes @> «'{"retries":null}'»::jsonb OR attributes ? '…')

-- row "price" < 0.5
((CASE jsonb_typeof(attributes -> «'price'»::text) WHEN 'number' THEN ((attributes -> «'price'»::text)::numeric)::float8 < «0.5»::float8 END) OR attributes @> «'{"price":null}'»::jsonb OR attributes ? '…')

-- row "cached" = true
(attributes @> «'{"cached":true}'»::jsonb OR attributes @> «'{"cached":null}'»::jsonb OR attributes ? '…')

-- row "tenant" = nil
((attributes ? «'tenant'»::text) IS NOT TRUE OR attributes @> «'{"tenant":null}'»::jsonb OR attributes ? '…')

-- row "tenant" != nil
(attributes ? «'tenant'»::text OR attributes @> «'{"tenant":null}'»::jsonb OR attributes ? '…')

-- row "a 'quoted' \"key\"" = "acme"
(attributes @> «'{"a 'quoted' \"key\"":"acme"}'»::jsonb OR attributes @> «'{"a 'quoted' \"key\"":null}'»::jsonb OR attributes ? '…')

-- agent:id = "support" && failed = true
(agent_id = «'support'»::text AND failed)

-- agent:id = "support" || (failed = true && type = tool)
(agent_id = «'support'»::text OR (failed AND type = «6»::bigint))

-- true
TRUE

-- false
FALSE

