package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// prose writes sentences that read like a report of an office. It keeps a stock
// of them, since joining ready sentences costs far less than writing new ones,
// and writes each when it is first wanted, so that a few traces cost little.
type prose struct {
	words vocabulary
	stock [4096]string
}

func newProse() *prose {
	return &prose{words: vocabulary{strings.Fields(adjectiveWords), strings.Fields(nounWords),
		strings.Fields(verbWords), strings.Fields(placeWords)}}
}

// text returns n sentences.
func (p *prose) text(r *rand.Rand, n int) string {
	var b strings.Builder
	b.Grow(n * 96)
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		s := &p.stock[r.IntN(len(p.stock))]
		if *s == "" {
			*s = p.words.sentence(r)
		}
		b.WriteString(*s)
	}
	return b.String()
}

type vocabulary struct{ adjectives, nouns, verbs, places []string }

func (v vocabulary) sentence(r *rand.Rand) string {
	w := func(words []string) string { return words[r.IntN(len(words))] }
	adjectives, nouns, verbs, places := v.adjectives, v.nouns, v.verbs, v.places
	switch r.IntN(6) {
	case 0:
		return fmt.Sprintf("The %s %s %s the %s of the %s %s in %s.", w(adjectives), w(nouns), w(verbs), w(nouns), w(adjectives), w(nouns), w(places))
	case 1:
		return fmt.Sprintf("In %s, %d of %d %s entries %s a %s %s.", w(places), r.IntN(90)+2, r.IntN(900)+100, w(nouns), w(verbs), w(adjectives), w(nouns))
	case 2:
		return fmt.Sprintf("Since the %s %s %s every %s, its %s rose by %d.%d%%.", w(adjectives), w(nouns), w(verbs), w(nouns), w(nouns), r.IntN(40), r.IntN(10))
	case 3:
		return fmt.Sprintf("Nobody in %s knows why the %s %s the %s %s before the %s.", w(places), w(nouns), w(verbs), w(adjectives), w(nouns), w(nouns))
	case 4:
		return fmt.Sprintf("Case %d: a %s %s that %s two %ss, with a %s %s on top.", r.IntN(90000)+10000, w(adjectives), w(nouns), w(verbs), w(nouns), w(adjectives), w(nouns))
	default:
		return fmt.Sprintf("Whoever %s the %s should first ask the %s for a %s, %s %s.", w(verbs), w(nouns), w(nouns), w(adjectives), w(adjectives), w(nouns))
	}
}

const (
	adjectiveWords = `late early quiet broken spare blue annual weekly rough exact missing double narrow public
		private hidden frequent rare stable fragile modest generous open sealed rapid slow heavy light former
		current northern southern coastal digital manual printed signed urgent routine partial complete
		disputed verified unpaid prepaid seasonal regional temporary permanent fresh stale detailed`
	nounWords = `invoice parcel refund warehouse meter ledger customer supplier contract policy shipment return
		ticket backlog forecast sensor engine pipeline cache replica harbour bridge tender permit archive
		catalogue summary chapter footnote survey sample margin budget quota threshold alarm outage rollout
		release token voucher receipt deposit mortgage orchard reservoir glacier otter heron lighthouse tram
		timetable platform ferry museum exhibit recipe harvest vineyard greenhouse battery turbine cable
		antenna satellite telescope crater tide current estuary delta manual glossary index appendix`
	verbWords = `explains delays replaces confirms rejects doubles covers mentions reopens closes forwards
		audits measures predicts lowers raises blocks restores skips merges splits renames archives questions
		supports contradicts precedes follows outlives absorbs duplicates references triggers cancels`
	placeWords = `Lisbon Oslo Quito Nairobi Tallinn Hobart Leipzig Kraków Montréal Busan Córdoba Galway
		Ljubljana Osaka Pune Tromsø Utrecht Valparaíso Wellington Zürich`
)
