// Package proc reads from Linux what processes have used. Elsewhere, and of
// processes that have gone, everything is 0.
package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the kernel's unit of CPU time in /proc, 1/100 s on every Linux.
const clockTick = 10 * time.Millisecond

// OwnCPU returns the CPU time that this process has used, without its children.
func OwnCPU() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// CPU returns the CPU time that a process and all below it have used, those that
// have ended included.
func CPU(pid int) time.Duration {
	children := map[string][]int{}
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		if child, err := strconv.Atoi(entry.Name()); err == nil {
			if fields := stat(child); len(fields) > 1 {
				children[fields[1]] = append(children[fields[1]], child)
			}
		}
	}
	return treeCPU(pid, children)
}

func treeCPU(pid int, children map[string][]int) time.Duration {
	var ticks int64
	fields := stat(pid)
	for i := 11; i <= 14 && i < len(fields); i++ { // utime stime cutime cstime
		n, _ := strconv.ParseInt(fields[i], 10, 64)
		ticks += n
	}
	total := time.Duration(ticks) * clockTick
	for _, child := range children[strconv.Itoa(pid)] {
		total += treeCPU(child, children)
	}
	return total
}

// stat returns the fields of /proc/PID/stat behind the command's name: state,
// parent, and so on.
func stat(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	// The name may hold anything, parentheses too.
	return strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
}

// PeakMemory returns the most resident memory that a process had, in bytes.
func PeakMemory(pid int) int64 { return status(pid, "VmHWM:") }

// HugePages returns how much of a process's memory is in reserved huge pages, in
// bytes.
func HugePages(pid int) int64 { return status(pid, "HugetlbPages:") }

// status returns a size in /proc/PID/status, in bytes.
func status(pid int, name string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kib, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// ForgetPeak makes what PeakMemory returns begin anew (proc(5), clear_refs).
func ForgetPeak(pid int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}
