// Command report writes the exported names of each public package of the module to
// .ci/api, one file a package and one line a name, so that a change of the API shows in
// a diff. With --check it compares instead. It uses the standard library only.
//
// Run it by .ci/apireport, which sets platform and directory.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	module = "github.com/mosparo/go-cluster"
	folder = ".ci/api"
)

func main() {
	log.SetFlags(0)
	check := flag.Bool("check", false, "compare with the files, and write nothing")
	flag.Parse()
	reports, err := all()
	if err != nil {
		log.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range files {
		if reports[f] == nil {
			reports[f] = []byte{} // of a package that is gone
		}
	}
	failed := false
	for _, f := range slices.Sorted(maps.Keys(reports)) {
		if *check {
			failed = !compare(f, reports[f]) || failed
		} else if err := write(f, reports[f]); err != nil {
			log.Fatal(err)
		}
	}
	if failed {
		log.Fatal("the API has changed: if that is meant, run .ci/apireport and commit " + folder)
	}
}

// all returns the reports of all public packages by file name.
func all() (map[string][]byte, error) {
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{.Name}} {{.ImportPath}} {{.Export}}", "./...")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	exports := map[string]string{}
	var public []string
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if len(words) != 3 { // "unsafe" has no export data
			continue
		}
		exports[words[1]] = words[2]
		if words[0] != "main" && isPublic(words[1]) {
			public = append(public, words[1])
		}
	}
	imp := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	reports := map[string][]byte{}
	for _, path := range public {
		pkg, err := imp.Import(path)
		if err != nil {
			return nil, err
		}
		name := strings.ReplaceAll(strings.TrimPrefix(path, module+"/"), "/", "-")
		reports[filepath.Join(folder, name+".txt")] = report(pkg)
	}
	return reports, nil
}

func isPublic(path string) bool {
	below, ok := strings.CutPrefix(path, module+"/")
	return ok && !slices.Contains(strings.Split(below, "/"), "internal") && !strings.HasPrefix(below, "examples/")
}

// report returns the exported names of a package.
func report(pkg *types.Package) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "package %s // %s\n\n", pkg.Name(), pkg.Path())
	qualifier := func(p *types.Package) string {
		if p == pkg {
			return ""
		}
		return p.Name()
	}
	for _, name := range pkg.Scope().Names() {
		obj := pkg.Scope().Lookup(name)
		if !obj.Exported() {
			continue
		}
		switch obj := obj.(type) {
		case *types.Const:
			typ := strings.TrimPrefix(types.TypeString(obj.Type(), qualifier), "untyped ")
			fmt.Fprintf(&b, "const %s %s = %s\n", name, typ, obj.Val().ExactString())
		case *types.TypeName:
			reportType(&b, obj, qualifier)
		default:
			fmt.Fprintln(&b, types.ObjectString(obj, qualifier))
		}
	}
	return b.Bytes()
}

// reportType writes a type with its exported fields and methods, promoted ones included.
func reportType(b *bytes.Buffer, obj *types.TypeName, qualifier types.Qualifier) {
	named, ok := obj.Type().(*types.Named)
	if !ok || obj.IsAlias() {
		fmt.Fprintln(b, types.ObjectString(obj, qualifier))
		return
	}
	switch under := named.Underlying().(type) {
	case *types.Struct:
		fmt.Fprintf(b, "type %s struct\n", types.TypeString(named, qualifier))
		for i := range under.NumFields() {
			reportField(b, under.Field(i), under.Tag(i), qualifier)
		}
	case *types.Interface:
		fmt.Fprintf(b, "type %s interface\n", types.TypeString(named, qualifier))
		for m := range under.Methods() {
			if m.Exported() {
				fmt.Fprintf(b, "\t%s%s\n", m.Name(), signature(m, qualifier))
			} else {
				fmt.Fprintln(b, "\t// an unexported method: implemented by this package only")
			}
		}
		return
	default:
		fmt.Fprintf(b, "type %s %s\n", types.TypeString(named, qualifier), types.TypeString(under, qualifier))
	}
	values := types.NewMethodSet(named)
	for m := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		f := m.Obj().(*types.Func)
		if !f.Exported() {
			continue
		}
		receiver := "*" + obj.Name()
		if values.Lookup(f.Pkg(), f.Name()) != nil {
			receiver = obj.Name()
		}
		fmt.Fprintf(b, "\tfunc (%s) %s%s\n", receiver, f.Name(), signature(f, qualifier))
	}
}

func reportField(b *bytes.Buffer, f *types.Var, tag string, qualifier types.Qualifier) {
	if !f.Exported() {
		return
	}
	name := f.Name() + " "
	if f.Embedded() {
		name = ""
	}
	if tag != "" {
		tag = " `" + tag + "`"
	}
	fmt.Fprintf(b, "\t%s%s%s\n", name, types.TypeString(f.Type(), qualifier), tag)
}

func signature(f *types.Func, qualifier types.Qualifier) string {
	var b bytes.Buffer
	types.WriteSignature(&b, f.Signature(), qualifier)
	return b.String()
}

// write writes a report, and removes the file of a package that is gone.
func write(file string, report []byte) error {
	if len(report) == 0 {
		return os.Remove(file)
	}
	return os.WriteFile(file, report, 0o644)
}

// compare shows what differs from the file, if anything does.
func compare(file string, report []byte) bool {
	have, err := os.ReadFile(file)
	if err == nil && bytes.Equal(have, report) {
		return true
	}
	fmt.Println(file)
	was, is := lines(have), lines(report)
	for _, line := range was {
		if !slices.Contains(is, line) {
			fmt.Println("-", line)
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			fmt.Println("+", line)
		}
	}
	return false
}

// lines returns the lines of a report, each with the type that it belongs to.
func lines(report []byte) (all []string) {
	owner := ""
	for line := range strings.Lines(string(report)) {
		line = strings.TrimRight(line, "\n")
		if below, ok := strings.CutPrefix(line, "\t"); ok {
			line = owner + ": " + below
		} else if words := strings.Fields(line); len(words) > 1 {
			owner = words[1]
		}
		all = append(all, line)
	}
	return all
}
