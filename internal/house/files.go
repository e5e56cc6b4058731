package house

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// longest is how many lines a file of code may have: what one reads in one go.
const longest = 500

// marks are the words that put work off. They are written apart here, or this
// file would break its own rule.
var marks = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b`)

// resolved is the line by which a lock file of npm ties itself to one host.
var resolved = regexp.MustCompile(`"resolved":\s*"http`)

func generated(name string) bool { return strings.HasSuffix(name, "_templ.go") }

// code reports whether a file is code that people write, by its name.
func code(name string) bool {
	switch path.Ext(name) {
	case ".go", ".templ", ".sql", ".ts", ".mjs", ".css", ".sh":
		return !generated(name)
	}
	return path.Base(name) == "Makefile"
}

// text reports whether a file must be readable, by its name.
func text(name string) bool {
	switch path.Ext(name) {
	case ".md", ".json", ".yaml", ".yml", ".txt", ".txtar", ".html", ".mod", ".sum", ".conf":
		return true
	}
	return code(name) || generated(name)
}

// wrongFile lists what is wrong with one file of the repository, besides its imports.
func wrongFile(name string, content []byte) []string {
	var wrong []string
	if text(name) && !utf8.Valid(content) {
		wrong = append(wrong, "it is not UTF-8")
	}
	if path.Base(name) == "package-lock.json" && resolved.Match(content) {
		wrong = append(wrong, "it names a registry's host: npm needs omit-lockfile-registry-resolved=true in .npmrc")
	}
	if !code(name) {
		return wrong
	}
	if lines := bytes.Count(content, []byte("\n")); lines > longest {
		wrong = append(wrong, fmt.Sprintf("it has %d lines, %d are the most: split it by what it does", lines, longest))
	}
	for number, line := range bytes.Split(content, []byte("\n")) {
		if mark := marks.Find(line); mark != nil {
			wrong = append(wrong, fmt.Sprintf("line %d puts work off (%s): do it, or file an issue", number+1, mark))
		}
	}
	return wrong
}

// goFile reads a Go file: what it imports, and what it does that the house does not.
func goFile(name string, content []byte) (imports []imp, wrong []string, err error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, name, content, parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	test := strings.HasSuffix(name, "_test.go")
	for _, spec := range parsed.Imports {
		to, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, nil, err
		}
		imports = append(imports, imp{from: path.Dir(name), to: to, test: test})
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" && !generated(name) {
				wrong = append(wrong, at(files, n)+"init does work that nobody asked for: call it from app")
			}
		case *ast.SelectorExpr:
			if pkg, ok := n.X.(*ast.Ident); ok && test && pkg.Name == "time" && n.Sel.Name == "Sleep" {
				wrong = append(wrong, at(files, n)+"a test that sleeps is slow or flaky: wait for what must happen")
			}
		}
		return true
	})
	return imports, wrong, nil
}

func at(files *token.FileSet, n ast.Node) string {
	return fmt.Sprintf("line %d: ", files.Position(n.Pos()).Line)
}
