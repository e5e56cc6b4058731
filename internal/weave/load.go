package weave

import (
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
)

// load is how busy the machine was.
type load struct {
	idle    float64 // share of all cores' time, 0 to 1; 0 where the system does not tell
	waiting float64 // goroutines of this process that are ready and have no core, now
}

// machine tells how busy it is.
type machine struct {
	idle, all uint64 // so far, in the system's ticks of all cores
}

// load tells how busy the machine was since it was last asked.
func (m *machine) load() load {
	before := *m
	*m = machine{}
	text, _ := os.ReadFile("/proc/stat") // of Linux; elsewhere no time was idle
	line, _, _ := strings.Cut(string(text), "\n")
	for k, field := range strings.Fields(line) { // cpu user nice system idle iowait irq softirq steal: proc_stat(5)
		n, _ := strconv.ParseUint(field, 10, 64)
		if k == 4 || k == 5 {
			m.idle += n
		}
		if k <= 8 {
			m.all += n
		}
	}
	sample := []metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}}
	metrics.Read(sample)
	l := load{waiting: float64(sample[0].Value.Uint64())}
	if m.all > before.all {
		l.idle = float64(m.idle-before.idle) / float64(m.all-before.all)
	}
	return l
}
