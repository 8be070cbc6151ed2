package proc_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/agenttrace/agenttrace/bench/proc"
)

func TestProcessesAreMeasuredWithThoseBelowThem(t *testing.T) {
	// A name that would mislead who splits at spaces and parentheses.
	shell := filepath.Join(t.TempDir(), "a) b (")
	if err := os.Symlink("/bin/sh", shell); err != nil {
		t.Fatal(err)
	}
	// The work is done by a child that has ended when the shell asks for input.
	cmd := exec.Command(shell, "-c", `sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'; echo done; read line`)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	if proc.CPU(pid) == 0 {
		t.Error("what a child computed is not its parent's")
	}
	if below, own := proc.CPU(os.Getpid()), proc.CPU(pid); below < own {
		t.Errorf("the test used %v, less than what it runs, %v", below, own)
	}
	if peak := proc.PeakMemory(pid); peak < 100_000 || peak > 1<<30 {
		t.Errorf("a shell has %d bytes", peak)
	}
	if huge := proc.HugePages(pid); huge != 0 {
		t.Errorf("a shell has %d bytes in huge pages", huge)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // read fails without input
	if cpu := proc.CPU(pid); cpu != 0 {
		t.Errorf("who has gone used %v", cpu)
	}
	if proc.OwnCPU() <= 0 {
		t.Error("this test used no CPU")
	}
}
