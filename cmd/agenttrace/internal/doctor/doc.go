// Package doctor finds out what usually goes wrong between an agent and its traces:
// a server that is not there, or not what it should be; clocks, partitions, disks;
// an exporter that sends elsewhere, or in another way than it should.
//
// It looks, and says how to mend what it found; it changes nothing, but for the
// test spans of [Config].Send. Everything that it is told by others, such as what a
// stranger's server answers, may be hostile: whoever prints a finding cleans it.
package doctor
