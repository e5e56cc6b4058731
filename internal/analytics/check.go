package analytics

// Check tells whether questions about the scope can be asked; its error is
// Invalid.
func (s Scope) Check() error { return s.check() }

// Check tells whether interactions can be matched; its error is Invalid.
func (m Match) Check() error { return m.check() }

// Check tells whether the condition can be asked; its error is Invalid.
func (f Filter) Check() error { return f.check() }
