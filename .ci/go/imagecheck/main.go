// Command imagecheck says whether an image is what the chart and its users count on:
//
//	imagecheck -name chatgate -platform linux/amd64 -version VERSION -revision REVISION -created TIME LAYOUT
//
// LAYOUT is a folder in the OCI image layout with one image in it. Every line that does not hold is named, and it exits 1
// if there is one. Otherwise it prints one line with the figures.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

// What the image and the program in it may be at most.
const (
	mostCompressed = 20 << 20
	mostProgram    = 30 << 20
)

func main() {
	var want expectation
	flag.StringVar(&want.name, "name", "", "the image's `name`, which is its program's too")
	flag.StringVar(&want.platform, "platform", "", "the image's `platform`, as in linux/arm64")
	flag.StringVar(&want.version, "version", "", "the `version` in the label")
	flag.StringVar(&want.revision, "revision", "", "the `commit` in the label")
	flag.StringVar(&want.created, "created", "", "the `time` in the label")
	flag.Int64Var(&want.mostProgram, "most-program", mostProgram, "how many `bytes` the program may have at most")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	found, err := open(flag.Arg(0))
	if err == nil {
		err = errors.Join(want.problems(found)...)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", flag.Arg(0), err)
		os.Exit(1)
	}
	fmt.Printf("%s %s: %s compressed, the program %s, %s\n", want.name, want.platform,
		mebibytes(found.compressed), mebibytes(int64(len(found.files[want.name].content))), found.digest)
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
