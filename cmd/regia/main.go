// Regia, the control room for customer experience.
package main

import (
	"context"
	"os"
	_ "time/tzdata" // days are cut in the company's time zone, also where the system knows none

	"regia/internal/cli"
)

// version is set by the build.
var version = "dev"

func main() {
	os.Exit(cli.Main(context.Background(), version, os.Args[1:], os.Stdout, os.Stderr))
}
