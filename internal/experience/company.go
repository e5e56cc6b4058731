package experience

import "time"

// Company is what Regia knows of the company it serves. Stored in the registry.
type Company struct {
	Name     string   `json:"name"`
	TimeZone string   `json:"time_zone"` // IANA name; days are cut here
	Currency string   `json:"currency"`  // ISO 4217, for money without one
	Region   string   `json:"region"`    // ISO 3166, for phone numbers without a country code
	VisitGap Duration `json:"visit_gap"` // a pause longer than this ends a visit
	// What marks an interaction as the company's own (FlagStaff).
	StaffEmails   []string `json:"staff_emails"`   // addresses, or domains written "@example.it"
	StaffUserIDs  []string `json:"staff_user_ids"` //
	StaffNetworks []string `json:"staff_networks"` // CIDR or single addresses
}

// Duration is a time.Duration that reads and writes as "30m".
type Duration time.Duration

// MarshalText writes "30m0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// DefaultCompany is an Italian one.
func DefaultCompany() Company {
	return Company{TimeZone: "Europe/Rome", Currency: "EUR", Region: "IT", VisitGap: Duration(30 * time.Minute)}
}

// Location gives the company's time zone, and UTC where its name is unknown.
func (c Company) Location() *time.Location {
	if l, err := time.LoadLocation(c.TimeZone); err == nil {
		return l
	}
	return time.UTC
}
