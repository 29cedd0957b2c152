package main

// commands returns all commands, in the order of the usage text.
func commands() []command {
	return []command{
		configCommand(),
		doctorCommand(),
		{name: "value", sub: valueCommands()},
		{name: "cache", sub: cacheCommands()},
		{name: "cleanup", sub: cleanupCommands()},
		{name: "css", sub: cssCommands()},
		{name: "lock", sub: lockCommands()},
		leaveCommand(),
	}
}
