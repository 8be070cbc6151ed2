package doctor

// State is what became of a check.
type State string

// The states.
const (
	OK      State = "ok"
	Warning State = "warning" // works, but not as well as it should, or not for long
	Failure State = "failure" // does not work
	Skipped State = "skipped" // could not be checked
)

// Finding is what a check found.
type Finding struct {
	// Check is the name of the check, which stays what it is: "address".
	Check string `json:"check"`
	State State  `json:"state"`
	// Says is what was found, in one sentence or a few.
	Says string `json:"says"`
	// Mend is what to do about it, one step each; nil where nothing is to be done.
	Mend []string `json:"mend,omitempty"`
}

func ok(check, says string) Finding { return Finding{Check: check, State: OK, Says: says} }

func warning(check, says string, mend ...string) Finding {
	return Finding{Check: check, State: Warning, Says: says, Mend: mend}
}

func failure(check, says string, mend ...string) Finding {
	return Finding{Check: check, State: Failure, Says: says, Mend: mend}
}

func skipped(check, says string) Finding { return Finding{Check: check, State: Skipped, Says: says} }

// worst returns the finding that weighs most; the first of those that weigh the
// same.
func worst(findings ...Finding) Finding {
	weight := map[State]int{Skipped: 0, OK: 1, Warning: 2, Failure: 3}
	most := findings[0]
	for _, f := range findings[1:] {
		if weight[f.State] > weight[most.State] {
			most = f
		}
	}
	return most
}
