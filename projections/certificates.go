package projections

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// issued keeps of every document where it is found and whether it stands: by its
// id for those who may see it, by its locator for the public check, and under
// the case or the person whose stream issued it. What it says is in the log;
// nothing personal is here.
//
// A departure sheet is void once the ending that it testifies is corrected. The
// sheet keeps the revision of that ending, and every registration those of the
// corrections of its ending, so that neither needs to know of the other. The document of a
// decision is void in the same way once the decision has fallen. The certificate of an entry
// keeps which entry it is about, whose record says whether it stands ([entries]).
func issued(rec domain.Recorded) []op {
	if d, ok := certificates.IssuedBy(rec.Event); ok {
		ops := document(rec, d, aboutOne(d.Fact))
		switch e := d.Fact.(type) {
		case residence.DepartureSheetIssued:
			ops = append(ops, testifies(d.ID, endingsKey(e.RegistrationID), e.Ending.Revision))
		default:
			if d.Kind.Decision() {
				ops = append(ops, testifies(d.ID, fallsKey(rec.Stream), rec.Revision))
			}
			if at := certificates.EntryOf(d); at != (domain.ListEntry{}) {
				ops = append(ops, set(certificateKey(d.ID), "entry", entryKey(at.ListID, at.EntryID)))
			}
			if since := certificates.HeldSince(d); since > 0 {
				ops = append(ops, set(certificateKey(d.ID), "holder", hexRevision(since)))
			}
		}
		return ops
	}
	if certificates.Fell(rec.Event) {
		return []op{rank(fallsKey(rec.Stream), hexRevision(rec.Revision)+"|"+domain.DateOf(rec.Created).String())}
	}
	if id, ok := residence.CorrectsEnding(rec.Event); ok {
		return []op{rank(endingsKey(id), hexRevision(rec.Revision)+"|"+domain.DateOf(rec.Created).String())}
	}
	switch e := rec.Event.(type) {
	case certificates.Duplicated:
		d := certificates.Document{
			ID: e.CertificateID, Kind: certificates.DepartureSheet, Service: domain.S001, IssuedAt: e.IssuedAt,
		}
		return append(document(rec, d, e.PersonID), testifies(d.ID, endingsKey(e.RegistrationID), e.Ending.Revision),
			set(certificateKey(e.Replaces), "replaced_by", e.CertificateID.String()))
	case certificates.Corrected:
		return []op{set(certificateKey(e.CertificateID), "version", strconv.Itoa(e.Version))}
	}
	return nil
}

// aboutOne is whom a document of a case is about alone, among those whom the case names; zero for the
// other documents.
func aboutOne(fact domain.Event) domain.PersonID {
	switch e := fact.(type) {
	case residence.DepartureSheetIssued:
		return e.PersonID
	case residence.RefusalIssued:
		return e.PersonID
	}
	return domain.PersonID{}
}

func document(rec domain.Recorded, d certificates.Document, about domain.PersonID) []op {
	ref := hexPosition(rec.Position) + "|" + d.ID.String() + "|" + string(d.Kind)
	if !about.IsZero() {
		ref += "|" + about.String()
	}
	return []op{
		set(certificateKey(d.ID), "stream", rec.Stream, "kind", string(d.Kind),
			"number", d.Number(), "issued_on", domain.DateOf(d.IssuedAt).String(), "version", "1"),
		join(locatorKey(certificates.Locator(d.ID)), d.ID.String()),
		rank(documentsKey(rec.Stream), ref),
	}
}

// testifies keeps what makes a document void: the first member of the zset after the revision.
func testifies(id domain.CertificateID, falls string, revision uint64) op {
	return set(certificateKey(id), "falls", falls, "since", hexRevision(revision))
}

// hexRevision sorts as revisions do.
func hexRevision(n uint64) string { return fmt.Sprintf("%016x", n) }

// Prefixes of what is kept of documents.
const (
	certificatePrefix = "certificate:"
	endingsPrefix     = "endings:"
	fallsPrefix       = "falls:"
)

// fallsKey is a zset: revision|day of every event by which the decision of the case fell.
func fallsKey(stream string) string { return fallsPrefix + stream }

// endingsKey is a zset: revision|day of every correction of the registration's
// ending.
func endingsKey(id domain.RegistrationID) string { return endingsPrefix + id.String() }

func certificateKey(id domain.CertificateID) string { return certificatePrefix + id.String() } // hash

func locatorKey(locator string) string { return "locator:" + locator } // set of certificates

func documentsKey(stream string) string { return stream + ":documents" } // zset, position|certificate|kind, |person of [aboutOne]

// Certificate says where a document is and whether it stands.
type Certificate struct {
	ID         domain.CertificateID
	Stream     string // that issued it: of a case, or of a person
	Kind       certificates.Kind
	Number     string
	IssuedOn   domain.Date
	Version    int         // the newest
	Superseded bool        // by a duplicate
	VoidSince  domain.Date // since which it is not in force, and by what; zero while it is
	VoidBy     certificates.Overtaking
}

// CertificateRef names a document of a case or of a person.
type CertificateRef struct {
	ID       domain.CertificateID
	Kind     certificates.Kind
	PersonID domain.PersonID // of a departure sheet and a refused deregistration: whom it is about
}

// OpenTo reports whether a party of the case, whose ids these are, may see the document: as
// [certificates.Documents.OpenTo].
func (d CertificateRef) OpenTo(c Case, party []domain.PersonID) bool {
	return d.PersonID.IsZero() || slices.Contains(party, d.PersonID) || slices.Contains(party, c.ApplicantID)
}

// The record of a document, what first made it void, and the record of the entry that it is
// about.
const certificateOf = `
local function certificate(key)
  local of = redis.call('HMGET', key, 'falls', 'since', 'entry')
  local corrections, entry = {}, {}
  if of[1] then
    corrections = redis.call('ZRANGEBYLEX', g .. of[1], '(' .. of[2] .. '|~', '+', 'LIMIT', 0, 1)
  end
  if of[3] then
    entry = redis.call('HGETALL', g .. of[3])
    if #entry == 0 then damage = of[3] end
  end
  return {redis.call('HGETALL', key), corrections, entry}
end
`

var certificateQuery = query(certificateOf + `return certificate(g .. ARGV[5])`)

// Certificate returns where the document is.
// Error: [domain.CodeCertificateUnknown].
func (r *Reader) Certificate(ctx context.Context, id domain.CertificateID) (Certificate, error) {
	data, _, err := r.read(ctx, certificateQuery, "", certificateKey(id))
	if err != nil {
		return Certificate{}, err
	}
	return certificate(id, data)
}

var locatedQuery = query(certificateOf + `
local found = {}
for i, id in ipairs(redis.call('SMEMBERS', g .. ARGV[5])) do
  found[i] = {id, certificate(g .. ARGV[6] .. id)}
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
		parts, _ := pair[1].([]any)
		if found[i], err = certificate(domain.CertificateID{UUID: id}, parts); err != nil {
			return nil, err
		}
	}
	return found, nil
}

var documentsQuery = query(`return redis.call('ZRANGE', g .. ARGV[5], 0, -1)`)

// DocumentsOf returns what the person's own stream has issued, in that order: the
// departure sheets of no case.
func (r *Reader) DocumentsOf(ctx context.Context, id domain.PersonID) ([]CertificateRef, error) {
	selves, err := r.Selves(ctx, id)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, self := range selves {
		data, _, err := r.read(ctx, documentsQuery, self.Stream(), documentsKey(self.Stream()))
		if err != nil {
			return nil, err
		}
		all = append(all, asTexts(data)...)
	}
	slices.Sort(all) // by their positions
	return certificateRefs(all)
}

// certificate reads what certificateOf gives.
func certificate(id domain.CertificateID, parts []any) (Certificate, error) {
	rec, corrected := asRecord(parts[0]), asTexts(parts[1])
	if !rec.has("kind") {
		return Certificate{}, certificates.Unknown()
	}
	c := Certificate{
		ID: id, Stream: rec["stream"], Kind: certificates.Kind(rec["kind"]), Number: rec["number"],
		Superseded: rec.has("replaced_by"),
	}
	if err := c.IssuedOn.UnmarshalText([]byte(rec["issued_on"])); err != nil {
		return Certificate{}, corrupt("day of issue", err)
	}
	if len(corrected) > 0 {
		_, day, _ := strings.Cut(corrected[0], "|")
		if err := c.VoidSince.UnmarshalText([]byte(day)); err != nil {
			return Certificate{}, corrupt("day of a correction", err)
		}
		c.VoidBy = c.Kind.Falls()
	}
	if err := c.stand(asRecord(parts[2]), rec["holder"]); err != nil {
		return Certificate{}, err
	}
	var err error
	if c.Version, err = strconv.Atoi(rec["version"]); err != nil {
		return Certificate{}, corrupt("version", err)
	}
	return c, nil
}

// stand compares the certificate with the record of the entry that it is about, if any. holder
// is the revision of the transfer since which its holder has the entry, "" for the placement.
func (c *Certificate) stand(entry record, holder string) error {
	var passed, gone domain.Date
	first := ""
	for field := range entry {
		if after, ok := strings.CutPrefix(field, passedOn); ok && after > holder && (first == "" || field < first) {
			first = field
		}
	}
	for field, day := range map[string]*domain.Date{first: &passed, goneOn: &gone} {
		if entry.has(field) {
			if err := day.UnmarshalText([]byte(entry[field])); err != nil {
				return corrupt(field, err)
			}
		}
	}
	c.VoidSince, c.VoidBy = certificates.Overtake(c.VoidSince, c.VoidBy, passed, gone, housing.EntryState(entry["status"]))
	return nil
}

// certificateRefs reads the documents of a stream, in the order of issue.
func certificateRefs(members []string) ([]CertificateRef, error) {
	refs := make([]CertificateRef, len(members))
	for i, member := range members {
		parts := strings.Split(member, "|")
		if len(parts) < 3 {
			return nil, corrupt("document", fmt.Errorf("%d parts", len(parts)))
		}
		var err error
		if refs[i].ID.UUID, err = uuid.Parse(parts[1]); err != nil {
			return nil, corrupt("certificate id", err)
		}
		refs[i].Kind = certificates.Kind(parts[2])
		if len(parts) > 3 {
			if refs[i].PersonID.UUID, err = uuid.Parse(parts[3]); err != nil {
				return nil, corrupt("person of a document", err)
			}
		}
	}
	return refs, nil
}
