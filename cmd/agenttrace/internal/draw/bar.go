package draw

import "strings"

// eighths are blocks that fill a cell from the left, by eighths.
var eighths = [...]string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

// heights are blocks that fill a cell from below, by eighths.
var heights = [...]string{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}

// bar returns a bar for a part of the whole, at most width columns long. What is not
// nothing can be seen.
func bar(part, whole float64, width int) string {
	if part <= 0 || whole <= 0 || width <= 0 {
		return ""
	}
	n := min(max(int(part/whole*float64(width)*8+0.5), 1), width*8)
	return strings.Repeat("█", n/8) + eighths[n%8]
}

// level returns the block for a value in one row of a chart: which part of the row,
// from low to high, is below the value.
func level(value, low, high float64) string {
	if !(value > low) { // also no value at all, which is no number
		return heights[0]
	}
	if value >= high {
		return heights[8]
	}
	return heights[max(1, int((value-low)/(high-low)*8+0.5))]
}
