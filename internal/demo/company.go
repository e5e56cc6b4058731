package demo

import "regia/internal/experience"

// The logical keys of the sources.
const (
	sourceSite        = "site"
	sourceApp         = "app"
	sourcePhone       = "phone"
	sourceChat        = "chat"
	sourceEmail       = "email"
	sourceMarketplace = "marketplace"
	sourceSocial      = "social"
	sourceReviews     = "reviews"
	sourceOrders      = "orders"
	sourceCare        = "care"
)

// Source is one of the places that report to Regia.
type Source struct {
	Key     string             // logical key, as in Item.Source
	Name    map[string]string  // by language: "it", "en"
	Kind    string             // kind of source in the collect room
	Channel experience.Channel // where its interactions take place
}

// Sources lists every source of the demo company, in the order to show them.
func Sources() []Source {
	named := func(key, kind string, c experience.Channel, it, en string) Source {
		return Source{Key: key, Kind: kind, Channel: c, Name: map[string]string{"it": it, "en": en}}
	}
	list := []Source{
		named(sourceSite, "site", experience.Web, "Sito Ramelino", "Ramelino web site"),
		named(sourceApp, "app", experience.App, "App Ramelino", "Ramelino app"),
	}
	for _, s := range shops() {
		list = append(list, named(s.key, "shop", experience.Shop, "Negozio di "+s.city, s.city+" shop"))
	}
	return append(list,
		named(sourcePhone, "phone", experience.Phone, "Centralino", "Switchboard"),
		named(sourceChat, "server", experience.Chat, "Chat del sito", "Site chat"),
		named(sourceEmail, "email", experience.Email, "Campagne e sondaggi via e-mail", "E-mail campaigns and surveys"),
		named(sourceMarketplace, "marketplace", experience.Marketplace, "Mercato Largo (marketplace)", "Mercato Largo (marketplace)"),
		named(sourceSocial, "social", experience.Social, "Social", "Social media"),
		named(sourceReviews, "reviews", experience.Reviews, "Recensioni", "Reviews"),
		named(sourceOrders, "server", experience.Server, "Gestione ordini e spedizioni", "Orders and shipping"),
		named(sourceCare, "server", experience.Server, "Assistenza clienti", "Customer care"),
	)
}

// Company gives the settings of the demo company.
func Company() experience.Company {
	c := experience.DefaultCompany()
	c.Name = "Ramelino"
	c.StaffEmails = []string{"@staff.example.it"}
	c.StaffUserIDs = []string{"staff-01", "staff-02"}
	return c
}

// staffer is somebody behind a counter. Kindness (0 to 1) is never sent: it
// shows only in what customers do afterwards.
type staffer struct {
	id, name string
	kindness float64
}

type shop struct {
	key, city, code, street string
	staff                   []staffer
	mirror                  bool   // has a smart mirror in the fitting room
	tablet                  string // device id of the tablet that staff share with customers
}

// shops: Bologna is the kindest, Bari the least; within each, people differ,
// and which of them serves a customer is chance.
func shops() []*shop {
	return []*shop{
		{key: "shop-milano", city: "Milano", code: "MI", street: "via dei Ramaioli 12", mirror: true, tablet: "tablet-milano-1", staff: []staffer{
			{"MI-01", "Ornella", 0.85}, {"MI-02", "Renato", 0.55}, {"MI-03", "Debora", 0.40}, {"MI-04", "Ivo", 0.20}, {"MI-05", "Noemi", 0.65}}},
		{key: "shop-bologna", city: "Bologna", code: "BO", street: "strada del Lino 4", mirror: true, tablet: "tablet-bologna-1", staff: []staffer{
			{"BO-01", "Silvana", 0.95}, {"BO-02", "Tommaso", 0.85}, {"BO-03", "Agata", 0.90}, {"BO-04", "Ruggero", 0.60}}},
		{key: "shop-bari", city: "Bari", code: "BA", street: "corso dei Bottai 31", staff: []staffer{
			{"BA-01", "Mimmo", 0.75}, {"BA-02", "Loredana", 0.15}, {"BA-03", "Sabino", 0.25}, {"BA-04", "Pia", 0.35}}},
	}
}

// carrier delivers parcels; late is the chance of a late delivery in an
// ordinary week.
type carrier struct {
	name string
	late float64
}

func carriers() []carrier {
	return []carrier{{"Trasporti Valdadda", 0.07}, {"Pacco Sereno", 0.10}, {"Velocia", 0.15}}
}

// City is where the shop that a source belongs to stands; "" where it is none's.
func City(source string) string {
	for _, s := range shops() {
		if s.key == source {
			return s.city
		}
	}
	return ""
}
