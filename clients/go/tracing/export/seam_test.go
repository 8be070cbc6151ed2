package export

import "github.com/agenttrace/agenttrace/clients/go/tracing/export/internal/spill"

// OnDisk puts files on a disk of a test's making.
func (o Options) OnDisk(disk spill.Disk) Options {
	o.disk = disk
	return o
}
