package main

// commands are all there is, in the order of the usage text.
func commands() []command {
	return []command{
		{name: "value", sub: valueCommands()},
		{name: "cleanup", sub: cleanupCommands()},
	}
}
