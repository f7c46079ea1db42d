// Package embedded is a single-node event store that speaks the EventStoreDB
// gRPC protocol on loopback, for one machine.
package embedded
