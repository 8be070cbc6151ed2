package postgres

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgtype"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file, which people read to see what SQL there is.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; go test -update writes it anew (-want +got):\n%s", file, diff)
	}
}

var placeholder = regexp.MustCompile(`\$\d+`)

// withArguments writes SQL with its arguments in the places that stand for them.
func withArguments(sql string, args []any) string {
	return placeholder.ReplaceAllStringFunc(sql, func(place string) string {
		n, _ := strconv.Atoi(place[1:]) // digits, as the expression says
		return "«" + argumentText(args[n-1]) + "»"
	})
}

func argumentText(arg any) string {
	switch arg := arg.(type) {
	case string:
		return `'` + arg + `'`
	case []byte:
		return fmt.Sprintf(`\x%x`, arg)
	case pgtype.UUID:
		return arg.String()
	case []pgtype.UUID:
		return fmt.Sprintf("%d ids", len(arg))
	default:
		return fmt.Sprint(arg)
	}
}
