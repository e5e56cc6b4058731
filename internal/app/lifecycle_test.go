package app_test

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strings"

	"regia/internal/lifecycle"
)

// comesBack holds the second and third purchases of Online Retail against a
// count of its invoices by hand.
func (w world) comesBack(file string) {
	w.tb.Helper()
	invoices := w.invoices(file)
	var again, third int64
	for _, of := range invoices {
		if len(of) > 1 {
			again++
		}
		if len(of) > 2 {
			third++
		}
	}
	var p lifecycle.PurchasesAnswer
	w.get("/api/v1/lifecycle/purchases", &p)
	w.same("customers who bought", p.Again.N, len(invoices))
	w.same("bought again", p.Again.Yes, again)
	w.same("bought a third time", p.Third.Yes, third)
	w.same("customers, as promised", p.Again.N, 4339)
	w.same("share that buys again, as promised", fmt.Sprintf("%.1f %%", 100*p.Again.Share), "65.6 %")
	w.same("share of those that buys a third time, as promised", fmt.Sprintf("%.1f %%", 100*p.Third.Share), "70.7 %")
	began := int64(0)
	for _, c := range p.Cohorts {
		began += c.Again.N
	}
	w.same("customers in all cohorts", began, len(invoices))

	var s lifecycle.StagesAnswer
	w.get("/api/v1/lifecycle/stages", &s)
	w.same("people with a stage", s.People, 4372) // also those who only ever gave back
	w.same("prospects", s.Stages[0].People, 4372-4339)
	var list lifecycle.MembersAnswer
	w.get("/api/v1/lifecycle/people?bought=third&limit=1", &list)
	w.same("people behind the third purchase", list.People, third)
}

// invoices reads whose invoices there are, cancellations aside.
func (w world) invoices(file string) map[string]map[string]bool {
	w.tb.Helper()
	f, err := os.Open(file)
	if err != nil {
		w.tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		w.tb.Fatal(err)
	}
	r := csv.NewReader(z)
	r.ReuseRecord = true
	head, err := r.Read()
	if err != nil {
		w.tb.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range head {
		at[strings.TrimPrefix(name, "\ufeff")] = i
	}
	out := map[string]map[string]bool{}
	for {
		line, err := r.Read()
		if err == io.EOF {
			return out
		}
		if err != nil {
			w.tb.Fatal(err)
		}
		customer, invoice := strings.Clone(line[at["CustomerID"]]), strings.Clone(line[at["InvoiceNo"]])
		if customer == "" || strings.HasPrefix(invoice, "C") {
			continue
		}
		if out[customer] == nil {
			out[customer] = map[string]bool{}
		}
		out[customer][invoice] = true
	}
}
