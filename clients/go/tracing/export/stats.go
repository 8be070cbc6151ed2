package export

// Stats is one consistent look at where the spans of a processor are. Always:
//
//	Ended + Adopted = Delivered + Rejected + Dropped.Total() + Held + Spilled
type Stats struct {
	// Ended is how many sampled spans OnEnd was given.
	Ended int64
	// Adopted is how many spans were found in files of processes that ended.
	Adopted int64

	// Delivered is how many the backend has taken.
	Delivered int64
	// Rejected is how many the backend has refused for good.
	Rejected int64
	// Dropped is how many were given up, by reason.
	Dropped Dropped

	// Held is how many are in memory, under way included, and HeldBytes the
	// estimate of the memory they take.
	Held      int64
	HeldBytes int64
	// Spilled is how many wait in files, and SpilledBytes the size of these.
	Spilled      int64
	SpilledBytes int64

	// Requests is how many requests were sent, and Failures how many of them the
	// backend did not take as they were.
	Requests int64
	Failures int64
	// SpillFailures is how often a request could not be written to disk, because the
	// folder was full or the disk failed. Its spans stayed in memory.
	SpillFailures int64
}

// Dropped counts spans that were given up, by reason.
type Dropped struct {
	// QueueFull: MaxQueueSize spans were held already.
	QueueFull int64
	// QueueBytes: the span would have exceeded MaxQueueBytes.
	QueueBytes int64
	// Stopped: the span ended after Shutdown, or was still in memory at its deadline.
	Stopped int64
	// Damaged: the span was in a file that cannot be read any more.
	Damaged int64
}

// Total is the sum of all reasons.
func (d Dropped) Total() int64 { return d.QueueFull + d.QueueBytes + d.Stopped + d.Damaged }
