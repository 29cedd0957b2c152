// Package dotenv reads .env files as Symfony 6.4 reads them, for Go programs
// that share these files with an application of Symfony. It sets no variables.
//
// [Load] reads all .env files of a directory as Dotenv::bootEnv does: .env,
// .env.local, .env.$APP_ENV and .env.$APP_ENV.local, or .env.local.php in their
// place. [Parse] reads the content of one file.
//
// Both agree with Symfony to the byte where other readers differ: quotes and
// escapes, references such as ${NAME:-default}, comments, and the order of files
// and environment. The tests compare them with Symfony itself.
//
// Two things differ from Symfony. $(command) is never run but refused with an
// error that unwraps to [errors.ErrUnsupported]. Values are limited to 1 MiB each
// and 64 MiB together, files to 8 MiB, since references can multiply a text.
//
// An error is a [*FileError] with the place in the file, and never holds a value
// from it.
package dotenv
