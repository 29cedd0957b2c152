package main

// commands returns all commands, in the order of the help.
func commands() []command {
	return []command{
		configCommand(),
		doctorCommand(),
		{name: "cache", aliases: []string{"caches"}, help: "Look into and change the shared cache.", sub: cacheCommands()},
		{name: "cleanup", aliases: []string{"cleanups"}, help: "Look at and run the cleanup of the database.", sub: cleanupCommands()},
		{name: "css", aliases: []string{"project", "projects"}, help: "Look at and prepare the CSS of projects.", sub: cssCommands()},
		mirrorCommand(),
		{name: "lock", aliases: []string{"locks"}, help: "Look at locks, and run commands on one node at a time.", sub: lockCommands()},
		{name: "files", aliases: []string{"file"}, help: "See the nodes of the cluster, and compare their settings and files.", sub: filesCommands()},
		leaveCommand(),
		versionCommand(),
		completionCommand(),
		debugCommand(),
		hide(valueGroup()),
	}
}
