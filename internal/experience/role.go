package experience

// Role says what somebody (or a token) may do.
type Role string

// The roles, from the one who may do everything to the one who may look.
const (
	Owner   Role = "owner"   // everything, also users and keys
	Manager Role = "manager" // steers: catalogue, bindings, imports, identity decisions
	Agent   Role = "agent"   // works with single people: care, identity decisions
	Store   Role = "store"   // shop staff: looks up who is in front of them
	Viewer  Role = "viewer"  // looks at figures; personal data is masked
)

// Roles lists every role, the mightiest first.
var Roles = []Role{Owner, Manager, Agent, Store, Viewer}

// Known tells whether r is one of Roles.
func (r Role) Known() bool {
	for _, k := range Roles {
		if r == k {
			return true
		}
	}
	return false
}
