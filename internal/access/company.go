package access

import (
	"net/netip"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"regia/internal/experience"
	"regia/internal/web"
)

// companyFields are the fields of the company's form.
var companyFields = []string{"name", "time_zone", "currency", "region", "visit_gap", "staff_emails", "staff_user_ids", "staff_networks"}

// Limits of what makes sense.
const (
	minVisitGap = time.Minute
	maxVisitGap = 24 * time.Hour
	maxStaff    = 500
)

func companyForm(c experience.Company) *form {
	return emptyForm(map[string]string{
		"name": c.Name, "time_zone": c.TimeZone, "currency": c.Currency, "region": c.Region,
		"visit_gap":      strconv.Itoa(int(time.Duration(c.VisitGap) / time.Minute)),
		"staff_emails":   strings.Join(c.StaffEmails, "\n"),
		"staff_user_ids": strings.Join(c.StaffUserIDs, "\n"),
		"staff_networks": strings.Join(c.StaffNetworks, "\n"),
	})
}

// companyFrom reads the form into a company, and marks the fields that cannot be.
func companyFrom(f *form, l *web.Locale) (experience.Company, bool) {
	v := f.values
	c := experience.Company{
		Name:     strings.Join(strings.Fields(v["name"]), " "),
		TimeZone: strings.TrimSpace(v["time_zone"]),
		Currency: strings.ToUpper(strings.TrimSpace(v["currency"])),
		Region:   strings.ToUpper(strings.TrimSpace(v["region"])),
	}
	wrong := func(field, key string, args ...any) { f.fail(field, l.T("access.company.wrong."+key, args...)) }
	if utf8.RuneCountInString(c.Name) > maxName {
		wrong("name", "name")
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil || c.TimeZone == "" || c.TimeZone == "Local" {
		wrong("time_zone", "zone")
	}
	if _, err := currency.ParseISO(c.Currency); err != nil {
		wrong("currency", "currency")
	}
	if !phonenumbers.GetSupportedRegions()[c.Region] {
		wrong("region", "region")
	}
	minutes, err := strconv.Atoi(strings.TrimSpace(v["visit_gap"]))
	if gap := time.Duration(minutes) * time.Minute; err != nil || minutes > 10_000 || gap < minVisitGap || gap > maxVisitGap {
		wrong("visit_gap", "gap")
	} else {
		c.VisitGap = experience.Duration(gap)
	}
	staffFrom(f, &c, wrong)
	return c, len(f.wrong) == 0
}

func staffFrom(f *form, c *experience.Company, wrong func(field, key string, args ...any)) {
	c.StaffEmails, c.StaffUserIDs, c.StaffNetworks = []string{}, lines(f.values["staff_user_ids"]), []string{}
	for _, s := range lines(f.values["staff_emails"]) {
		email, ok := staffEmail(s)
		if !ok {
			wrong("staff_emails", "email", "value", s)
			break
		}
		c.StaffEmails = append(c.StaffEmails, email)
	}
	for _, s := range lines(f.values["staff_networks"]) {
		network, ok := staffNetwork(s)
		if !ok {
			wrong("staff_networks", "network", "value", s)
			break
		}
		c.StaffNetworks = append(c.StaffNetworks, network)
	}
	for field, list := range map[string][]string{"staff_emails": c.StaffEmails, "staff_user_ids": c.StaffUserIDs, "staff_networks": c.StaffNetworks} {
		if len(list) > maxStaff {
			wrong(field, "many", "n", maxStaff)
		}
	}
}

// staffEmail is an address, or a whole domain written "@example.it".
func staffEmail(s string) (string, bool) {
	if domain, ok := strings.CutPrefix(s, "@"); ok {
		domain = strings.ToLower(domain)
		_, err := cleanEmail("someone@" + domain)
		return "@" + domain, err == nil
	}
	email, err := cleanEmail(s)
	return email, err == nil
}

// staffNetwork is an IP address or a network in CIDR; all the internet is neither.
func staffNetwork(s string) (string, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().WithZone("").String(), true
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Bits() == 0 {
		return "", false
	}
	return p.Masked().String(), true
}

// Time zones and currencies that are offered; another one that is already set
// is offered too.
var (
	zonesOffered = strings.Fields(`Europe/Rome Europe/Amsterdam Europe/Athens Europe/Belgrade Europe/Berlin Europe/Bratislava
		Europe/Brussels Europe/Bucharest Europe/Budapest Europe/Copenhagen Europe/Dublin Europe/Helsinki Europe/Istanbul Europe/Kyiv
		Europe/Lisbon Europe/Ljubljana Europe/London Europe/Luxembourg Europe/Madrid Europe/Malta Europe/Oslo Europe/Paris
		Europe/Prague Europe/Riga Europe/San_Marino Europe/Sarajevo Europe/Sofia Europe/Stockholm Europe/Tallinn Europe/Tirane
		Europe/Vienna Europe/Vilnius Europe/Warsaw Europe/Zagreb Europe/Zurich Africa/Cairo Africa/Casablanca Africa/Johannesburg
		Africa/Lagos Africa/Nairobi Africa/Tunis America/Argentina/Buenos_Aires America/Bogota America/Chicago America/Denver
		America/Lima America/Los_Angeles America/Mexico_City America/New_York America/Santiago America/Sao_Paulo America/Toronto
		Asia/Bangkok Asia/Dubai Asia/Hong_Kong Asia/Jakarta Asia/Jerusalem Asia/Kolkata Asia/Manila Asia/Riyadh Asia/Seoul
		Asia/Shanghai Asia/Singapore Asia/Tokyo Atlantic/Canary Australia/Melbourne Australia/Sydney Pacific/Auckland UTC`)
	currenciesOffered = strings.Fields(`EUR CHF GBP USD AED ALL ARS AUD BAM BGN BRL CAD CLP CNY COP CZK DKK EGP HKD HUF IDR ILS INR
		ISK JPY KES KRW MAD MXN MYR NGN NOK NZD PEN PHP PLN RON RSD SAR SEK SGD THB TND TRY TWD UAH VND ZAR`)
)

func zoneChoices(chosen string) []web.Choice {
	return choices(zonesOffered, chosen, func(z string) string { return strings.ReplaceAll(z, "_", " ") })
}

func currencyChoices(chosen string) []web.Choice {
	return choices(currenciesOffered, chosen, func(c string) string { return c })
}

// regionChoices are the countries by their names in the reader's language.
func regionChoices(lang, chosen string) []web.Choice {
	names := display.Regions(language.Make(lang))
	var codes []string
	for code, known := range phonenumbers.GetSupportedRegions() {
		if known {
			codes = append(codes, code)
		}
	}
	out := choices(codes, chosen, func(code string) string {
		region, err := language.ParseRegion(code)
		if err != nil || names.Name(region) == "" {
			return code
		}
		return names.Name(region)
	})
	sort.Slice(out, func(i, j int) bool { return out[i].Label < out[j].Label })
	return out
}

func choices(values []string, chosen string, label func(string) string) []web.Choice {
	var out []web.Choice
	found := chosen == ""
	for _, v := range values {
		found = found || v == chosen
		out = append(out, web.Choice{Value: v, Label: label(v), Selected: v == chosen})
	}
	if !found {
		out = append(out, web.Choice{Value: chosen, Label: label(chosen), Selected: true})
	}
	return out
}
