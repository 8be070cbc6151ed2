package spill_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export/internal/spill"
)

const destination = "http://localhost:4318/v1/traces"

func open(t *testing.T, dir string) *spill.Store { return openFor(t, dir, destination, 1<<20) }

func openFor(t *testing.T, dir, destination string, max int64) *spill.Store {
	t.Helper()
	s, err := spill.Open(dir, destination, max, spill.OS{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustClose(t *testing.T, s *spill.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func mustPut(t *testing.T, s *spill.Store, request string, spans int) {
	t.Helper()
	if _, err := s.Put([]byte(request), spans); err != nil {
		t.Fatal(err)
	}
}

func adopt(t *testing.T, s *spill.Store) spill.Found {
	t.Helper()
	found, err := s.Adopt()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// drain takes, reads and removes everything.
func drain(t *testing.T, s *spill.Store) []string {
	t.Helper()
	var requests []string
	for {
		e, ok := s.Take()
		if !ok {
			return requests
		}
		request, err := s.Read(e)
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, fmt.Sprintf("%s/%d", request, e.Spans))
		if err := s.Remove(e); err != nil {
			t.Fatal(err)
		}
	}
}

// files lists all files below a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func mustBe(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestFilesComeBackOldestFirstAndLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for i := range 12 {
		mustPut(t, s, fmt.Sprint("r", i), i+1)
	}
	first, _ := s.Take()
	s.GiveBack(first)
	mustBe(t, "requests", drain(t, s), "[r0/1 r1/2 r2/3 r3/4 r4/5 r5/6 r6/7 r7/8 r8/9 r9/10 r10/11 r11/12]")
	mustBe(t, "bytes", s.Bytes(), 0)
	mustClose(t, s)
	mustBe(t, "files left", len(files(t, dir)), 0)
}

func TestNextProcessAdoptsWhatIsLeft(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	mustPut(t, first, "a", 1)
	mustPut(t, first, "b", 2)
	mustClose(t, first)
	second := open(t, dir)
	mustPut(t, second, "c", 3)
	mustBe(t, "found", adopt(t, second), spill.Found{Files: 2, Spans: 3})
	mustBe(t, "found again", adopt(t, second), spill.Found{})
	mustBe(t, "requests", drain(t, second), "[a/1 b/2 c/3]")
	mustClose(t, second)
	mustBe(t, "files left", len(files(t, dir)), 0)
}

func TestFilesOfLivingOwnersAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	alive, other := open(t, dir), open(t, dir)
	mustPut(t, alive, "a", 1)
	mustBe(t, "found", adopt(t, other), spill.Found{})
	mustClose(t, other)
	mustBe(t, "requests", drain(t, alive), "[a/1]")
	mustClose(t, alive)
}

func TestFilesForAnotherDestinationAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	first := openFor(t, dir, "http://a", 1<<20)
	mustPut(t, first, "secret", 1)
	mustClose(t, first)
	second := openFor(t, dir, "http://b", 1<<20)
	mustBe(t, "found", adopt(t, second), spill.Found{})
	mustClose(t, second)
}

func TestFullStoreRefusesAndTakesAgain(t *testing.T) {
	s := openFor(t, t.TempDir(), destination, 300)
	request := string(bytes.Repeat([]byte("x"), 100))
	mustPut(t, s, request, 1)
	mustPut(t, s, request, 1)
	if _, err := s.Put([]byte(request), 1); !errors.Is(err, spill.ErrFull) {
		t.Fatalf("error %v, want ErrFull", err)
	}
	e, _ := s.Take()
	if s.HasRoom(100) {
		t.Error("a file that was taken gives room before it is removed")
	}
	if err := s.Remove(e); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, request, 1)
	drain(t, s)
	mustClose(t, s)
}

func TestDamageIsFound(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"a bit":          func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"the length":     func(b []byte) []byte { return b[:len(b)-1] },
		"something more": func(b []byte) []byte { return append(b, 0) },
		"everything":     func([]byte) []byte { return nil },
		"the magic":      func(b []byte) []byte { b[0] ^= 1; return b },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			mustPut(t, s, "some request", 7)
			found, err := filepath.Glob(filepath.Join(dir, "*", "*", "*.otlp"))
			if err != nil || len(found) != 1 {
				t.Fatal(found, err)
			}
			whole, err := os.ReadFile(found[0])
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(found[0], damage(whole), 0o600); err != nil {
				t.Fatal(err)
			}
			e, _ := s.Take()
			if _, err := s.Read(e); !errors.Is(err, spill.ErrDamaged) || e.Spans != 7 {
				t.Errorf("error %v of %d spans, want ErrDamaged of 7", err, e.Spans)
			}
			if err := s.Remove(e); err != nil {
				t.Fatal(err)
			}
			mustClose(t, s)
		})
	}
}

// TestCrashWhileWriting cuts a file that is being written at every length: what
// is whole is delivered, what is torn is removed.
func TestCrashWhileWriting(t *testing.T) {
	dir := t.TempDir()
	model := open(t, dir)
	mustPut(t, model, "0123456789", 3)
	names, err := filepath.Glob(filepath.Join(dir, "*", "*", "*.otlp"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	whole, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for length := range len(whole) + 1 {
		folder := filepath.Join(filepath.Dir(filepath.Dir(names[0])), fmt.Sprintf("dead%d", length))
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{"lock": nil, fmt.Sprintf("%020d-dead%02d-000001-3.tmp", length, length): whole[:length]} {
			if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := open(t, dir)
	mustBe(t, "found", adopt(t, s), spill.Found{Files: 1, Spans: 3, Torn: len(whole)})
	mustBe(t, "requests", drain(t, s), "[0123456789/3]")
	mustClose(t, s)
	drain(t, model)
	mustClose(t, model)
	mustBe(t, "files left", len(files(t, dir)), 0)
}

func TestFilesOfOthersInTheFolderAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	mustPut(t, first, "a", 1)
	folder := filepath.Dir(files(t, dir)[0])
	if err := os.WriteFile(filepath.Join(folder, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	mustClose(t, first)
	s := open(t, dir)
	mustBe(t, "found", adopt(t, s), spill.Found{Files: 1, Spans: 1})
	drain(t, s)
	mustClose(t, s)
	mustBe(t, "what is left", len(files(t, dir)), 2) // the notes and the lock
}

// TestOwnersComeAndGoAtTheSameTime has many stores that open, write, adopt what
// they find and deliver some: every request is delivered once.
func TestOwnersComeAndGoAtTheSameTime(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	delivered := map[string]int{}
	deliver := func(s *spill.Store, most int) error {
		for range most {
			e, ok := s.Take()
			if !ok {
				return nil
			}
			request, err := s.Read(e)
			if err != nil {
				return err
			}
			mu.Lock()
			delivered[string(request)]++
			mu.Unlock()
			if err := s.Remove(e); err != nil {
				return err
			}
		}
		return nil
	}
	const owners, lives, requests = 4, 6, 3
	errs := make(chan error, owners)
	for o := range owners {
		go func() {
			errs <- func() error {
				for life := range lives {
					s, err := spill.Open(dir, destination, 1<<20, spill.OS{})
					if err != nil {
						return err
					}
					for r := range requests {
						if _, err := s.Put(fmt.Appendf(nil, "%d %d %d", o, life, r), 1); err != nil {
							return err
						}
					}
					if _, err := s.Adopt(); err != nil {
						return err
					}
					if err := errors.Join(deliver(s, 2), s.Close()); err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	for range owners {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	last := open(t, dir)
	adopt(t, last)
	if err := deliver(last, owners*lives*requests); err != nil {
		t.Fatal(err)
	}
	mustClose(t, last)
	for request, times := range delivered {
		if times != 1 {
			t.Errorf("%q was delivered %d times", request, times)
		}
	}
	mustBe(t, "requests delivered", len(delivered), owners*lives*requests)
	mustBe(t, "files left", len(files(t, dir)), 0)
}
