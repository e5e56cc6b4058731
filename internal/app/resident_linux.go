package app

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// dontNeed is advice to Linux about a range of memory, see madvise(2).
const dontNeed = 4

// letGoOfProgram gives back what is in memory of the program's own file: its
// instructions and constants. The start touches most of it, 60 to 100 MB, and an
// idle Regia needs 15 to 20; what is needed again comes back from the system's
// file cache by itself, 64 KB at a time.
//
// It is a wish: where it cannot be fulfilled nothing is lost but memory.
func letGoOfProgram() {
	program, err := os.Executable()
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer maps.Close()
	var low, high uintptr // the mapping being read; 0 where it is none of the program's
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		switch {
		case len(f) >= 5 && !strings.HasSuffix(f[0], ":"):
			low, high = 0, 0
			if len(f) == 6 && f[5] == program && f[1][1] == '-' { // none that is written to
				low, high = bounds(f[0])
			}
		case len(f) == 3 && f[0] == "Anonymous:" && f[1] == "0" && low > 0:
			// As it is in the file: no page of it was changed, as the linker
			// changes some when the program starts.
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, low, high-low, dontNeed)
		}
	}
}

// bounds reads the addresses of a mapping.
func bounds(text string) (low, high uintptr) {
	from, to, _ := strings.Cut(text, "-")
	a, err := strconv.ParseUint(from, 16, 64)
	if err != nil {
		return 0, 0
	}
	b, err := strconv.ParseUint(to, 16, 64)
	if err != nil {
		return 0, 0
	}
	return uintptr(a), uintptr(b)
}
