package main

// eventstoreCommand is the embedded node standing alone and its care, and what
// looks into any event store.
type eventstoreCommand struct {
	Serve   storeServeCommand   `cmd:"" default:"withargs" help:"Serve the embedded event store alone, for any EventStoreDB client."`
	Backup  storeBackupCommand  `cmd:"" help:"Copy the store, also while it is served."`
	Restore storeRestoreCommand `cmd:"" help:"Check a backup and copy it into an empty directory."`
	Check   storeCheckCommand   `cmd:"" help:"Read the whole store and prove its positions, revisions and indexes, also while it is served."`
	Stats   storeStatsCommand   `cmd:"" help:"Say how much is in the store, also while it is served."`

	Scavenge storeScavengeCommand `cmd:"" help:"Take deleted events off the disk, also while the store is served. If stopped, the next one goes on."`

	Setup  storeSetupCommand  `cmd:"" help:"Make a user of least right for the registry on an EventStoreDB."`
	Read   storeReadCommand   `cmd:"" help:"Print the events of a stream or of the whole log."`
	Tail   storeTailCommand   `cmd:"" help:"Print events as they come."`
	Append storeAppendCommand `cmd:"" help:"Append events from the standard input."`
	Copy   storeCopyCommand   `cmd:"" help:"Carry a whole log into another store, and compare both."`
}
