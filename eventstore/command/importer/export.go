package importer

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// Exporter writes what a registry has now as lines that [Importer] takes.
type Exporter struct {
	Commands *command.Handler
	Write    func(Row) error
	Left     map[string]int // what no line has, by what it is
}

// Export writes the persons, dwellings and lists of the streams of these ids, and all that is told of
// them. Keys are the ids of this registry. Each id is read once; nothing but the ids is held in memory.
func (x *Exporter) Export(
	ctx context.Context, persons []domain.PersonID, dwellings []domain.DwellingID, lists []domain.ListID,
) error {
	x.Left = map[string]int{}
	return cmp.Or(
		forEach(persons, func(id domain.PersonID) error { return x.person(ctx, id) }),
		forEach(dwellings, func(id domain.DwellingID) error { return x.dwelling(ctx, id) }),
		forEach(lists, func(id domain.ListID) error { return x.list(ctx, id) }),
	)
}

func forEach[T any](all []T, do func(T) error) error {
	for _, one := range all {
		if err := do(one); err != nil {
			return err
		}
	}
	return nil
}

// key is that of the line of whom the id means.
func (x *Exporter) key(ctx context.Context, id domain.PersonID) (string, error) {
	if id.IsZero() {
		return "", nil
	}
	who, err := x.Commands.WhoIs(ctx, id)
	return who.String(), err
}

func (x *Exporter) person(ctx context.Context, id domain.PersonID) error {
	p, err := x.Commands.Person(ctx, id)
	if err != nil || !p.Known() {
		return err
	}
	if _, merged := p.Merged(); merged {
		x.Left["records that were merged into another one"]++
		return nil
	}
	if p.Name == "" {
		x.Left["persons whose values were erased"]++
		return nil
	}
	x.Left["representatives of persons"] += len(p.Representatives)
	if p.Contacts != (residence.ContactsConfirmed{}) {
		x.Left["confirmed telephones and e-mails"]++
	}
	key := p.ID.String()
	accept := []string{string(domain.CodePersonAlike)}
	if p.IIN != "" {
		accept = []string{string(domain.CodeIINBirthDate), string(domain.CodeIINClass)}
	}
	if err := x.Write(NewRow(Person, key, map[string]string{
		"iin": string(p.IIN), "name": string(p.Name), "birth_date": p.BirthDate.String(), "birth_known": string(p.BirthKnown),
		"class": string(p.Class), "accept": strings.Join(accept, " "),
	})); err != nil {
		return err
	}
	for _, r := range p.Registrations {
		if r.Void {
			continue
		}
		if err := x.registration(ctx, key, r); err != nil {
			return err
		}
	}
	if death, dead := p.Dead(); dead {
		return x.Write(NewRow(Death, key, map[string]string{"person": key, "died_on": death.On.String()}))
	}
	return nil
}

func (x *Exporter) registration(ctx context.Context, person string, r residence.Registration) error {
	d, err := x.Commands.Dwelling(ctx, r.DwellingID)
	if err != nil {
		return err
	}
	if _, gone := d.Gone(); gone {
		x.Left["registrations at dwellings that are no more"]++
		return nil
	}
	return x.Write(NewRow(Registration, r.ID.String(), map[string]string{
		"person": person, "dwelling": r.DwellingID.String(), "kind": string(r.Kind), "from": r.From.String(),
		"until": r.Until.String(), "ended_on": r.EndedOn.String(), "reason": string(r.Reason),
	}))
}

func (x *Exporter) dwelling(ctx context.Context, id domain.DwellingID) error {
	d, err := x.Commands.Dwelling(ctx, id)
	if err != nil || !d.Known() {
		return err
	}
	if _, gone := d.Gone(); gone {
		x.Left["dwellings that are no more"]++
		return nil
	}
	if d.Lease != nil || !d.Keeper.IsZero() || d.Offered != nil {
		x.Left["dwellings in the stock of a body, offered or let"]++
	}
	if !d.Pending.ProposalID.IsZero() {
		x.Left["changes of owners that wait for a second official"]++
	}
	key := d.ID.String()
	values := map[string]string{
		"rka": d.RKA, "cadastral_number": d.CadastralNumber, "kato": d.KATO, "address": d.Address, "place": string(d.Place),
	}
	if d.Area != 0 {
		values["useful_area"] = strconv.FormatFloat(float64(d.Area), 'f', -1, 64)
	}
	if d.Rooms != 0 {
		values["rooms"] = strconv.Itoa(d.Rooms)
	}
	if len(d.Owners) > 0 {
		values["owners_since"] = d.OwnedSince().String()
	}
	if err := x.Write(NewRow(Dwelling, key, values)); err != nil {
		return err
	}
	for _, o := range d.Owners {
		if err := x.owner(ctx, key, o); err != nil {
			return err
		}
	}
	return nil
}

func (x *Exporter) owner(ctx context.Context, dwelling string, o residence.Owner) error {
	values := map[string]string{
		"dwelling": dwelling, "share": string(o.Share), "kind": string(o.Kind), "bin": string(o.BIN), "name": o.Name,
	}
	for column, id := range map[string]domain.PersonID{"person": o.PersonID, "agent": o.AgentID, "deceased": o.DeceasedID} {
		key, err := x.key(ctx, id)
		if err != nil {
			return err
		}
		values[column] = key
	}
	if b := o.Authority; !b.IsZero() {
		values["authority_type"], values["authority_number"] = string(b.Type), string(b.Number)
		values["authority_issued_on"], values["authority_issuer"] = b.IssuedOn.String(), string(b.Issuer)
		values["authority_sha256"] = string(b.SHA256)
	}
	return x.Write(NewRow(Owner, "", values))
}

func (x *Exporter) list(ctx context.Context, id domain.ListID) error {
	q, err := x.Commands.List(ctx, id)
	if err != nil || !q.Known() {
		return err
	}
	key := id.String()
	values := map[string]string{"body": q.Opened.Body, "settlement": q.Opened.Settlement, "title": q.Opened.Title}
	if keeper := q.Keeper(); keeper != body.Default(domain.RoleCommission) {
		values["commission"] = keeper.String()
	}
	if len(q.Priority) > 0 {
		values["priority"], values["priority_basis"] = joined(q.Priority), "as in the registry that was exported"
	}
	if err := x.Write(NewRow(List, key, values)); err != nil {
		return err
	}
	for n, e := range q.Ordered {
		if err := x.entry(ctx, key, n, e); err != nil {
			return err
		}
	}
	return nil
}

func (x *Exporter) entry(ctx context.Context, list string, number int, e housing.Entry) error {
	if e.State() != housing.Active {
		x.Left["reviews of entries, which stand on the list without them"]++
	}
	x.Left["protections of entries from removal"] += len(e.Protected)
	person, err := x.key(ctx, e.PersonID)
	if err != nil {
		return err
	}
	values := map[string]string{
		"list": list, "person": person, "number": strconv.Itoa(number), "seniority_at": e.Seniority.At.UTC().Format(time.RFC3339Nano),
		"registered_on": e.RegisteredOn.String(), "inventory_due_on": e.InventoryDueOn.String(),
		"certificate_number": strconv.Itoa(e.Certified), "priority": string(e.Category), "consent": string(e.Consent.State),
		"consent_purpose": string(e.Consent.Purpose), "consent_scope": joined(e.Consent.Scope),
		"consent_until": e.Consent.Until.String(),
	}
	if err := x.Write(NewRow(Entry, e.ID.String(), values)); err != nil {
		return err
	}
	for _, m := range e.Family {
		key, err := x.key(ctx, m.PersonID)
		if err != nil {
			return err
		}
		if err := x.Write(NewRow(Member, "", map[string]string{
			"entry": e.ID.String(), "person": key, "relation": string(m.Relation),
		})); err != nil {
			return err
		}
	}
	return nil
}

func joined[S ~string](words []S) string {
	all := make([]string, len(words))
	for i, word := range words {
		all[i] = string(word)
	}
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), " ")
}
