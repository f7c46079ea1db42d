package projections

import (
	"context"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/certificates"
)

// issued keeps of every document where it is found and whether it stands: by its
// id for those who may see it, by its locator for the public check, and under
// its case. What it says is in the log; nothing personal is here.
func issued(rec domain.Recorded) []op {
	if d, ok := certificates.IssuedBy(rec.Event); ok {
		return document(rec, d)
	}
	switch e := rec.Event.(type) {
	case certificates.Duplicated:
		d := certificates.Document{ID: e.CertificateID, Kind: certificates.DepartureSheet, Service: certificates.S001, IssuedAt: e.IssuedAt}
		return append(document(rec, d), set(certificateKey(e.Replaces), "replaced_by", e.CertificateID.String()))
	case certificates.Corrected:
		return []op{set(certificateKey(e.CertificateID), "version", strconv.Itoa(e.Version))}
	}
	return nil
}

func document(rec domain.Recorded, d certificates.Document) []op {
	return []op{
		set(certificateKey(d.ID), "case", strings.TrimPrefix(rec.Stream, "case-"), "kind", string(d.Kind),
			"number", d.Number(), "issued_on", domain.DateOf(d.IssuedAt).String(), "version", "1"),
		join(locatorKey(certificates.Locator(d.ID)), d.ID.String()),
		rank(documentsKey(rec.Stream), hexPosition(rec.Position)+"|"+d.ID.String()+"|"+string(d.Kind)),
	}
}

// Certificate says where a document is and whether it stands.
type Certificate struct {
	ID         domain.CertificateID
	CaseID     domain.CaseID
	Kind       certificates.Kind
	Number     string
	IssuedOn   domain.Date
	Version    int  // the newest
	Superseded bool // by a duplicate
}

// CertificateRef names a document of a case.
type CertificateRef struct {
	ID   domain.CertificateID
	Kind certificates.Kind
}

// Certificate returns where the document is.
// Error: [domain.CodeCertificateUnknown].
func (r *Reader) Certificate(ctx context.Context, id domain.CertificateID) (Certificate, error) {
	data, _, err := r.read(ctx, recordQuery, "", certificateKey(id))
	if err != nil {
		return Certificate{}, err
	}
	return certificate(id, asRecord(data[0]))
}

var locatedQuery = query(`
local found = {}
for i, id in ipairs(redis.call('SMEMBERS', g .. ARGV[4])) do
  found[i] = {id, redis.call('HGETALL', g .. ARGV[5] .. id)}
end
return found`)

// Located returns the documents with that locator: one or none, but for the rare
// chance that two share it.
func (r *Reader) Located(ctx context.Context, locator string) ([]Certificate, error) {
	data, _, err := r.read(ctx, locatedQuery, "", locatorKey(locator), certificatePrefix)
	if err != nil {
		return nil, err
	}
	found := make([]Certificate, len(data))
	for i, reply := range data {
		pair, _ := reply.([]any)
		id, err := uuid.Parse(text(pair[0]))
		if err != nil {
			return nil, corrupt("certificate id", err)
		}
		if found[i], err = certificate(domain.CertificateID{UUID: id}, asRecord(pair[1])); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func certificate(id domain.CertificateID, rec record) (Certificate, error) {
	if !rec.has("kind") {
		return Certificate{}, certificates.Unknown()
	}
	c := Certificate{ID: id, Kind: certificates.Kind(rec["kind"]), Number: rec["number"], Superseded: rec.has("replaced_by")}
	var err error
	if c.CaseID.UUID, err = uuid.Parse(rec["case"]); err != nil {
		return Certificate{}, corrupt("case id", err)
	}
	if err := c.IssuedOn.UnmarshalText([]byte(rec["issued_on"])); err != nil {
		return Certificate{}, corrupt("day of issue", err)
	}
	if c.Version, err = strconv.Atoi(rec["version"]); err != nil {
		return Certificate{}, corrupt("version", err)
	}
	return c, nil
}

var caseQuery = query(`
local subject = redis.call('HGET', g .. ARGV[4], 'subject')
return {redis.call('HGETALL', g .. ARGV[4]), redis.call('ZRANGE', g .. ARGV[5], 0, -1),
  subject and redis.call('SMEMBERS', g .. ARGV[6] .. subject) or {}}`)

// certificateRefs reads the documents of a case, in the order of issue.
func certificateRefs(members []string) ([]CertificateRef, error) {
	refs := make([]CertificateRef, len(members))
	for i, member := range members {
		_, ref, _ := strings.Cut(member, "|")
		id, kind, _ := strings.Cut(ref, "|")
		parsed, err := uuid.Parse(id)
		if err != nil {
			return nil, corrupt("certificate id", err)
		}
		refs[i] = CertificateRef{domain.CertificateID{UUID: parsed}, certificates.Kind(kind)}
	}
	return refs, nil
}
