package experience

import "time"

// Clock tells the time. One operation asks once and uses that one now.
type Clock func() time.Time

// SystemClock is the machine's clock in UTC, cut to the microsecond that both
// books can hold.
func SystemClock() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
