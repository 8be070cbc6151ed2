package runs_test

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/runs"
)

// typical is a team with two members, as agents work: sixteen spans.
const typical = `
	TEAM crew 0-900 team=crew team.name=Crew session=s1 user=u1 run=r1 service=shop
	  LLM gpt-5 5-160 in=410 out=10 cached=16 provider=OpenAI service=shop
	  TOOL delegate 300-500 service=shop
	  AGENT finder 305-455 agent=finder agent.name=Finder session=s1 user=u1 run=r2 service=shop
	    LLM gpt-5 310-360 in=31 out=9 cached=16 provider=OpenAI service=shop
	    TOOL search 360-370 service=shop
	    TOOL search 360-380 service=shop
	    LLM gpt-5 380-450 in=91 out=19 cached=16 provider=OpenAI service=shop
	  TOOL delegate 540-830 service=shop
	  AGENT writer 545-780 agent=writer agent.name=Writer session=s1 user=u1 run=r3 service=shop
	    LLM gpt-5 550-630 in=31 out=10 provider=OpenAI service=shop
	    TOOL get_weather 658-660 service=shop
	    LLM gpt-5 704-730 in=95 out=12 provider=OpenAI service=shop
	    TOOL get_time 732-734 service=shop
	    LLM gpt-5 740-770 in=120 out=12 provider=OpenAI service=shop
	  LLM gpt-5 856-882 in=563 out=17 cached=16 provider=OpenAI service=shop
`

func BenchmarkOfATypicalTrace(b *testing.B) {
	spans := read(b, typical)
	b.ReportAllocs()
	for b.Loop() {
		runs.Of(spans, prices{})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(spans)), "ns/span")
}
