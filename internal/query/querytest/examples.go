package querytest

import "strings"

// Example is a text that is a query.
type Example struct {
	Text string
	// Canonical is the text as it is printed, "" where that is Text.
	Canonical string
}

// Fault is a text that is no query.
type Fault struct {
	// Text has a ▸ before what is wrong in it.
	Text string
	// Suggestion is what the error proposes instead, "" for nothing.
	Suggestion string
}

// Query returns the text without its mark, and the offset of what is wrong.
func (f Fault) Query() (text string, offset int) {
	before, after, _ := strings.Cut(f.Text, "▸")
	return before + after, len(before)
}

// Examples returns texts that are queries.
func Examples() []Example {
	return []Example{
		// Filters.
		{"{ }", ""},
		{"{}", "{ }"},
		{" \t\n{\r}\u00A0", "{ }"},
		{"{ true }", ""},
		{"{ name = \"a\" }", ""},
		{"{name=`a`}", `{ name = "a" }`},
		{"{ span:name = \"a\" }", `{ name = "a" }`},
		{"{ status = error && kind != server || type = llm }", "{ (status = error && kind != server) || type = llm }"},
		{"{ error = status }", ""},
		{"{ failed }", ""},
		{"{ !failed && !(duration > 1s) && !!.a }", ""},
		{"{ failed = false && .cache.hit }", ""},
		{"{ .a && .b && .c }", ""},
		{"{ .a && (.b && .c) }", ""},
		{"{ ((.a)) || (.b && .c) }", "{ .a || (.b && .c) }"},
		{"{ .a = nil && nil != name }", ""},
		{"{ nestedSetParent < 0 }", ""},
		{"{ trace:duration > 1s && traceDuration < 1m && rootName = \"a\" }", `{ trace:duration > 1s && trace:duration < 1m && trace:rootName = "a" }`},
		{"{ .a = .b && name = service && duration >= trace:duration }", ""},
		{"{ failed > .a }", ""},

		// Attributes.
		{"{ .a = 1 && span.a = 1 && resource.a = 1 && event.a = 1 && link.a = 1 && instrumentation.a = 1 }", ""},
		{"{ .http.response.header.content-type = \"a\" && .k8s.io/name = \"b\" }", ""},
		{"{ .größe_µ = 1 && .langfuse:id = 2 && .$a@b = 3 }", ""},
		{`{ span."a b" = 1 }`, ""},
		{`{ span."a b".c = 1 }`, `{ span."a b.c" = 1 }`},
		{`{ .a."b c" = 1 && ."1" = 1 && resource.1 = 2 }`, `{ ."a.b c" = 1 && ."1" = 1 && resource."1" = 2 }`},
		{`{ ."a\"b\\c\u00e9\n" = 1 }`, `{ ."a\"b\\cé\n" = 1 }`},
		{"{ .name = \"a\" && .status = 1 && .then = 2 }", ""},

		// Searching in texts.
		{`{ name =~ "a.*" && name !~ "b|c" && .a =~ "" }`, ""},
		{`{ content:input : "refund" }`, ""},
		{`{ content:input:"refund" || name:"a" || .a:"b" }`, `{ content:input : "refund" || name : "a" || .a : "b" }`},
		{"{ name =~ `\\d+\"` }", `{ name =~ "\\d+\"" }`},
		{"{ name = \"\t\\u0001\\\\\" }", `{ name = "\t\u0001\\" }`},
		{`{ trace:id = "5B8EFFF7-9803-8103-D269-B633813FC60C" && span:id != "EEE19B7EC3C1B174" }`, `{ trace:id = "5b8efff798038103d269b633813fc60c" && span:id != "eee19b7ec3c1b174" }`},
		{`{ trace:id =~ "5B.*" && link:traceID = "AB" }`, `{ trace:id =~ "5B.*" && link:traceID = "ab" }`},

		// Numbers.
		{"{ .a = 1 && .a = -1 && .a = - 1 && .a = -(1) && .a = - -1 }", "{ .a = 1 && .a = -1 && .a = -1 && .a = -1 && .a = 1 }"},
		{"{ .a = 1.0 && .a = .5 && .a = 1. && .a = 2e6 && .a = 1.5E-3 }", "{ .a = 1.0 && .a = 0.5 && .a = 1.0 && .a = 2e+06 && .a = 0.0015 }"},
		{"{ .a > minInt && .a < maxInt && .a != -9223372036854775808 && .a = 9223372036854775807 }", "{ .a > minInt && .a < maxInt && .a != minInt && .a = maxInt }"},
		{"{ .a = -minInt }", ""},
		{"{ .a = -0.0 && .a = 9223372036854775808.0 }", "{ .a = -0.0 && .a = 9.223372036854776e+18 }"},
		{"{ duration > 90m && duration < 1.5d && duration != 250ms }", "{ duration > 1h30m && duration < 36h && duration != 250ms }"},
		{"{ duration = 1h2m3s4ms5us6ns && duration = 1µs && duration = 0h }", "{ duration = 1h2m3s4ms5us6ns && duration = 1us && duration = 0s }"},
		{"{ event:timeSinceStart > -5s && duration > -9223372036854775808ns }", "{ event:timeSinceStart > -5s && duration > -2562047h47m16s854ms775us808ns }"},
		{"{ duration = 0.0000000019s }", "{ duration = 1ns }"},

		// Arithmetic.
		{"{ .a > 10 * 1024 * 1024 }", ""},
		{"{ .a + .b * 2 - 1 > (.a + .b) * 2 }", ""},
		{"{ .a - (.b - .c) = .a - .b - .c }", ""},
		{"{ .a / 2 % 3 = -.b ^ 2 }", ""},
		{"{ (-2) ^ 2 = 2 ^ 3 ^ 2 }", "{ (-2) ^ 2 = 2 ^ (3 ^ 2) }"},
		{"{ -(.a + 1) = (-.a) ^ -2 }", ""},
		{"{ usage:total / duration > 1 && duration + 1s > 2s }", ""},
		{"{ 1 = 1 }", ""},

		// Spansets.
		{"{ .a } && { .b } || { .c }", "({ .a } && { .b }) || { .c }"},
		{"{ .a } || { .b } || { .c }", ""},
		{"{ .a } || ({ .b } || { .c })", ""},
		{"{ .a } >> { .b } && { .c } > { .d }", "({ .a } >> { .b }) && ({ .c } > { .d })"},
		{"{ .a } >> { .b } > { .c }", "({ .a } >> { .b }) > { .c }"},
		{"{ .a } << ({ .b } < { .c })", ""},
		{"{.a}~{.b}", "{ .a } ~ { .b }"},
		{"{ .a } then { .b }", ""},
		{"{.a}!>>{.b}", "{ .a } !>> { .b }"},
		{"(({ .a } !> { .b }) !<< { .c }) !< { .d }", ""},
		{"(({ .a } &>> { .b }) &> { .c }) &<< { .d }", ""},
		{"(({ .a } &< { .b }) &~ { .c }) !~ { .d }", ""},
		{"{ .a } ! then { .b } &then { .c }", "({ .a } !then { .b }) &then { .c }"},

		// Pipelines.
		{"{ } | count() > 2", ""},
		{"count() > 2", "{ } | count() > 2"},
		{"max(duration) > 2 * avg(duration)", "{ } | max(duration) > 2 * avg(duration)"},
		{"(max(duration) - min(duration)) > 1s", "{ } | max(duration) - min(duration) > 1s"},
		{"{ } | 2 < count() | -1 < sum(.a) | maxInt > count() | nil != max(.a)", ""},
		{"{ } | (count() > 2)", "{ } | count() > 2"},
		{"{ } | avg(.a + 1) = nil | sum(usage:cost) != 0.5", ""},
		{"{ } | count()", ""},
		{"{ .a } | { .b } | by(service, .c) | count() > 1 | select(name, .d, event:name) | coalesce() | repeat(3)", ""},
		{"by(service) | count() > 1", "{ } | by(service) | count() > 1"},
		{"({ .a } | count() > 2) && ({ .b } | by(name) | max(duration) > 1s)", ""},
		{"(count() > 2) >> { .a }", "({ } | count() > 2) >> { .a }"},
		{"((({ .a })) | count() > 1)", "{ .a } | count() > 1"},
		{"({ .a } | by(.b)) | count() > 1", ""},
		{"{ .a } && { .b } | count() > 3", ""},

		// Metrics.
		{"rate()", "{ } | rate()"},
		{"{ status = error } | rate() by (service, name)", ""},
		{"{ } | rate() by(service)", "{ } | rate() by (service)"},
		{"{ } | count_over_time() > 10", ""},
		{"{ } | sum_over_time(usage:cost) by (model:name)", ""},
		{"{ } | avg_over_time(duration) | topk(5) > 1s | bottomk(2)", ""},
		{"{ } | min_over_time(.a) < -1.5", ""},
		{"{ } | quantile_over_time(duration, .99, 0.9, 1, 0) by (resource.\"a b\") != 0s", `{ } | quantile_over_time(duration, 0.99, 0.9, 1, 0) by (resource."a b") != 0s`},
		{"{ } | histogram_over_time(usage:input + usage:output)", ""},
		{"{ } | max_over_time(-.a * 2) >= 1 <= 5 = 3", ""},
		{"{ .a } >> { .b } | count() > 2 | by(.c) | rate()", ""},
	}
}

// Faults returns texts that are no queries: first those that do not parse, then
// those in which things do not go together.
func Faults() []Fault {
	return append(unparsed(), unchecked()...)
}
