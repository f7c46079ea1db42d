package main

// eventstoreCommand is the subcommands about event stores. Serve to Scavenge are for
// the embedded store, the others for any event store.
type eventstoreCommand struct {
	Serve   storeServeCommand   `cmd:"" default:"withargs" help:"Serve the embedded event store alone, for any EventStoreDB client."`
	Backup  storeBackupCommand  `cmd:"" help:"Copy the store into a new directory, also while it is served."`
	Restore storeRestoreCommand `cmd:"" help:"Check a backup and copy it into an empty directory."`
	Check   storeCheckCommand   `cmd:"" help:"Read the whole store and check its positions, revisions and indexes, also while it is served."`
	Stats   storeStatsCommand   `cmd:"" help:"Print how much the store holds, also while it is served."`

	Scavenge storeScavengeCommand `cmd:"" help:"Remove deleted events from the disk, also while the store is served. A stopped scavenge goes on next time."`

	Setup  storeSetupCommand  `cmd:"" help:"Create a user for the registry on an EventStoreDB, with the least rights that it needs."`
	Read   storeReadCommand   `cmd:"" help:"Print the events of a stream or of the whole log."`
	Tail   storeTailCommand   `cmd:"" help:"Print new events as they are appended."`
	Append storeAppendCommand `cmd:"" help:"Append events from standard input."`
	Copy   storeCopyCommand   `cmd:"" help:"Copy a whole log into another store, then compare both."`
}
