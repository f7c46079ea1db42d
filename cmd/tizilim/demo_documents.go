package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/jedib0t/go-pretty/v6/table"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// paper is a document that a case has issued.
type paper struct {
	CertificateID domain.CertificateID `json:"certificate_id"`
	Kind          string               `json:"kind"`
	Number        string               `json:"number"`
	Title         string               `json:"title"`
	CheckCode     string               `json:"check_code"`
	CheckURL      string               `json:"check_url"`
}

// issued shows the documents of a case, as the person reads them, expects these
// kinds, and opens the check address of the last, as anybody can who holds it.
func (t *teller) issued(ctx context.Context, by token.Principal, id domain.CaseID, want ...string) error {
	var c struct {
		Issued []paper `json:"issued"`
	}
	if err := t.get(ctx, by, "/v1/cases/"+id.String(), &c); err != nil {
		return err
	}
	if len(c.Issued) != len(want) {
		return fmt.Errorf("case %s has issued %d documents, told were %d", id, len(c.Issued), len(want))
	}
	var rows []table.Row
	for i := range c.Issued {
		p := &c.Issued[i]
		if err := t.get(ctx, by, "/v1/certificates/"+p.CertificateID.String(), p); err != nil {
			return err
		}
		if p.Kind != want[i] {
			return fmt.Errorf("case %s has issued a %s, told was a %s", id, p.Kind, want[i])
		}
		rows = append(rows, table.Row{p.Title, p.Number, p.CheckCode})
	}
	t.table(table.Row{"Document", "Number", "Check code"}, rows)

	last := c.Issued[len(c.Issued)-1]
	size := 0
	headers := t.seen()
	headers.Set("Accept", "application/pdf")
	if err := t.send(ctx, by, http.MethodGet, "/v1/certificates/"+last.CertificateID.String(), headers, nil, func(r io.Reader) error {
		page, err := io.ReadAll(r)
		size = len(page)
		return err
	}); err != nil {
		return err
	}
	var checked struct {
		Number string `json:"number"`
		Status string `json:"status"`
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, last.CheckURL, nil)
	if err != nil {
		return err
	}
	response, err := t.http.Do(request) // without a token
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&checked); err != nil {
		return err
	}
	if checked.Number != last.Number || checked.Status != "valid" || size == 0 {
		return fmt.Errorf("the code of %s says %s of %s, its page has %d bytes", last.Number, checked.Status, checked.Number, size)
	}
	t.say("The code of the last, checked as anybody can: %s is %s", checked.Number, checked.Status)
	return nil
}
