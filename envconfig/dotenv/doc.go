// Package dotenv reads .env files as Symfony 6.4 does, for Go programs that share them with
// a Symfony application. It sets no environment variables.
//
//	vars, files, err := dotenv.Load("/path/to/project", os.Environ())
//	for _, v := range vars {
//		fmt.Println(v.Name, v.Value, v.File)
//	}
//
// [Load] reads all .env files of a directory, as Dotenv::bootEnv does: .env (.env.dist if
// there is none), .env.local, .env.$APP_ENV and .env.$APP_ENV.local, or .env.local.php in
// place of all of them. [Parse] parses the content of one file.
//
// Both agree with Symfony where other libraries differ: in quotes and escapes, references
// such as ${NAME:-default}, comments, and the precedence of files and environment. The
// tests compare them with Symfony itself.
//
// An error is a [*FileError] with the position in the file. It contains no value.
//
// # Differences from Symfony
//
//   - $(command) is never run. It is an error that unwraps to [errors.ErrUnsupported].
//   - Sizes are limited, since references can multiply a text: a value to 1 MiB, all
//     values together to 64 MiB, a file to 8 MiB.
package dotenv
