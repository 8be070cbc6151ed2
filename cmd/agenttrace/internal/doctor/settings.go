package doctor

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// projectHeader names the project into which spans go.
const projectHeader = "agenttrace-project"

var projectName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// headers checks those that exporters send along.
func (e *examination) headers(x *exporter) Finding {
	const check = "headers"
	raw, variable := e.setting("HEADERS")
	if _, err := parseHeaders(raw); err != nil {
		return failure(check, fmt.Sprintf("%s is not as exporters read it: %v.", variable, err),
			"export "+variable+"='name=value,other=value'", "A space in a value is written %20, a comma %2C.")
	}
	project := x.value(projectHeader)
	switch {
	case project != "" && !projectName.MatchString(project):
		return failure(check, fmt.Sprintf("%s names the project %.70q, which the server refuses.", variable, project),
			"A project has 1 to 64 characters out of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit.")
	case project != "" && project != e.Project:
		return warning(check, fmt.Sprintf("Spans go into the project %s, and this program looks at %s.", project, e.Project), "Look at the other: --project "+project+", or the variable AGENTTRACE_PROJECT.")
	case project == "" && e.Project != "default":
		return warning(check, fmt.Sprintf("Spans go into the project default, and this program looks at %s.", e.Project),
			"export OTEL_EXPORTER_OTLP_HEADERS=agenttrace-project="+e.Project, "Or look at the project default.")
	case strings.Contains(raw, " ") && strings.Contains(strings.ToLower(raw), "authorization"):
		return warning(check, fmt.Sprintf("%s has a space in it, which some exporters do not take.", variable), "Write it as %20: authorization=Bearer%20TOKEN")
	case raw == "":
		return ok(check, "No headers are set; spans go into the project "+e.Project+".")
	}
	return ok(check, fmt.Sprintf("%d headers are sent along; spans go into the project %s.", len(x.headers), e.Project))
}

// sampler checks that spans are recorded at all.
func (e *examination) sampler() Finding {
	const check = "sampling"
	name := strings.ToLower(strings.TrimSpace(e.Environ("OTEL_TRACES_SAMPLER")))
	arg := e.Environ("OTEL_TRACES_SAMPLER_ARG")
	all := []string{"unset OTEL_TRACES_SAMPLER", "Agents make few traces, and each may be the one that is looked for."}
	switch name {
	case "", "always_on", "parentbased_always_on":
		return ok(check, "Every trace is recorded.")
	case "always_off", "parentbased_always_off":
		return failure(check, fmt.Sprintf("OTEL_TRACES_SAMPLER is %s: nothing is recorded.", name), all...)
	case "traceidratio", "parentbased_traceidratio":
		ratio, err := strconv.ParseFloat(strings.TrimSpace(arg), 64)
		switch {
		case arg == "" || err == nil && ratio == 1:
			return ok(check, "Every trace is recorded.")
		case err != nil || ratio < 0 || ratio > 1:
			return failure(check, fmt.Sprintf("OTEL_TRACES_SAMPLER_ARG is %q, and must be a number from 0 to 1.", arg), all...)
		case ratio == 0:
			return failure(check, "OTEL_TRACES_SAMPLER_ARG is 0: nothing is recorded.", all...)
		}
		return warning(check, fmt.Sprintf("%g of 100 traces are recorded; the others are not there.", ratio*100), all...)
	}
	return warning(check, fmt.Sprintf("OTEL_TRACES_SAMPLER is %q: what it leaves out is not there.", name), all...)
}

const (
	// shortValue is below the length of many prompts.
	shortValue = 64 << 10
	// fewAttributes is below what a conversation of some dozen messages has in
	// OpenInference, where each message is several attributes.
	fewAttributes = 512
	// defaultAttributes is the limit of SDKs that nothing is said to.
	defaultAttributes = 128
)

// limits checks that content is not cut before it is sent.
func (e *examination) limits() Finding {
	const check = "limits"
	var findings []Finding
	length, lengthVariable := e.limit("VALUE_LENGTH_LIMIT")
	switch n, err := strconv.Atoi(length); {
	case length == "":
	case err != nil || n < 0:
		findings = append(findings, failure(check, fmt.Sprintf("%s is %q, which is no number.", lengthVariable, length), "unset "+lengthVariable))
	case n < shortValue:
		findings = append(findings, warning(check, fmt.Sprintf("%s is %d: longer prompts and answers are cut off.", lengthVariable, n), "unset "+lengthVariable))
	}
	count, countVariable := e.limit("COUNT_LIMIT")
	switch n, err := strconv.Atoi(count); {
	case count == "":
	case err != nil || n < 0:
		findings = append(findings, failure(check, fmt.Sprintf("%s is %q, which is no number.", countVariable, count), "unset "+countVariable))
	case n < fewAttributes:
		findings = append(findings, warning(check, fmt.Sprintf("%s is %d: a long conversation has more attributes, and loses messages.", countVariable, n), "export "+countVariable+"=4096"))
	}
	if len(findings) > 0 {
		return worst(findings...)
	}
	if count == "" {
		return ok(check, fmt.Sprintf("Values are not cut. SDKs keep %d attributes of a span unless told otherwise; for long conversations, set OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=4096.", defaultAttributes))
	}
	return ok(check, fmt.Sprintf("Values are not cut, and a span may have %s attributes.", count))
}

// limit returns the limit for spans, else that for everything.
func (e *examination) limit(name string) (value, variable string) {
	for _, variable := range []string{"OTEL_SPAN_ATTRIBUTE_" + name, "OTEL_ATTRIBUTE_" + name} {
		if value := strings.TrimSpace(e.Environ(variable)); value != "" {
			return value, variable
		}
	}
	return "", ""
}
