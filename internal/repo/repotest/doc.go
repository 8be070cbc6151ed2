// Package repotest is the law of package repo as tests: a store is whatever
// passes [Run]. Each test is named after the sentence it holds.
//
// A store's own test is one call:
//
//	func TestConformance(t *testing.T) {
//		repotest.Run(t, func(t *testing.T) repotest.Opener {
//			path := filepath.Join(t.TempDir(), "trace.db")
//			return func(t *testing.T) repo.Store {
//				s, err := sqlite.Open(t.Context(), path, sqlite.Options{})
//				if err != nil {
//					t.Fatal(err)
//				}
//				return s
//			}
//		})
//	}
//
// The tests share nothing but the function they are given, and many run in
// parallel: an opener must serve several stores at once.
package repotest
