package ledger

// SetPartRows sets how many rows a sorted part holds at most.
func SetPartRows(o *Options, n int64) { o.partRows = n }

// SetSortBytes makes slices small.
func SetSortBytes(o *Options, n int64) { o.sortBytes = n }
