package dotenv_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mosparo/go-cluster/envconfig/dotenv"
)

// The variables of an application's directory, as PHP ends with them.
func Example() {
	dir, err := os.MkdirTemp("", "project")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for name, content := range map[string]string{
		".env":       "APP_ENV=prod\nREDIS_URL=\"redis://$HOST:${PORT:-6379}\"\nHOST=localhost # for development\n",
		".env.local": "HOST=cache\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			log.Fatal(err)
		}
	}
	vars, files, err := dotenv.Load(dir, []string{"PORT=6380"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(files), "files")
	for _, v := range vars {
		fmt.Printf("%s=%s\n", v.Name, v.Value)
	}
	// Output:
	// 2 files
	// APP_ENV=prod
	// REDIS_URL=redis://cache:6380
	// HOST=cache
	// APP_DEBUG=0
}

// The content of one file.
func ExampleParse() {
	vars, err := dotenv.Parse(".env", []byte("HOST=cache\nREDIS_URL=\"redis://$HOST:${PORT:-6379}\"\n"), nil)
	for _, v := range vars {
		fmt.Println(v.Name, v.Value)
	}
	fmt.Println(err)
	// Output:
	// HOST cache
	// REDIS_URL redis://cache:6379
	// <nil>
}

// An error names the place and not the value.
func ExampleFileError() {
	_, err := dotenv.Parse(".env", []byte("HOST=cache\nPASSWORD=two words\n"), nil)
	fmt.Println(err)
	// Output: .env:2:10: a value containing spaces must be surrounded by quotes
}
