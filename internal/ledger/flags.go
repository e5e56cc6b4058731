package ledger

// Conditions on what an interaction is marked with. Figures say `flags = 0`:
// contacts of customers.
const (
	// Contacts also lets those of bots and staff pass, and no records.
	Contacts = `(flags & 4) = 0`

	// OfCustomers leaves bots and staff out, and lets records pass.
	OfCustomers = `(flags & 3) = 0`

	// markRecords marks the records among the rows that were written before
	// there was a mark for them.
	markRecords = ` SET flags = flags | 4, touchpoint = '' WHERE imported AND kind = 'identify'
		OR source = 'regia' AND name IN ('Identity Decision', 'Import taken back')`
)
