package projections

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// agenda keeps what the registry has to do by itself, by the instant at which
// it falls due. A further kind of duty is a further case here.
func agenda(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.RegistrationBegan:
		if e.Kind == residence.Temporary {
			return []op{fallsDue(term(e.PersonID, e.RegistrationID, e.Until))}
		}
	case residence.RegistrationEnded:
		if e.Kind == residence.Temporary {
			return []op{settled(term(e.PersonID, e.RegistrationID, e.On))}
		}
	case residence.DeregistrationApplied:
		if len(e.CoOwners) > 0 {
			return []op{fallsDue(confirmations(e.CaseID, e.ConfirmBy))}
		}
	case residence.CoOwnerConfirmed:
		if !e.Deadline.IsZero() {
			return []op{settled(confirmations(e.CaseID, e.ConfirmedAt))}
		}
	case residence.DeregistrationDecided:
		return []op{settled(confirmations(e.CaseID, e.DecidedAt))}
	}
	if c, ok := residence.CorrectionIn(rec.Event); ok && c.Kind == residence.Temporary {
		d := term(c.PersonID, c.RegistrationID, c.Now.Until)
		if c.Now.Open() {
			return []op{fallsDue(d)}
		}
		return []op{settled(d)}
	}
	return nil
}

func term(p domain.PersonID, r domain.RegistrationID, until domain.Date) domain.Due {
	return domain.Due{Kind: domain.DueTerm, Stream: p.Stream(), Item: r.String(), At: until.Start()}
}

func confirmations(id domain.CaseID, by time.Time) domain.Due {
	return domain.Due{Kind: domain.DueConfirmations, Stream: id.Stream(), At: by}
}

func fallsDue(d domain.Due) op { return rankAt(dueKey, d.At.UnixMilli(), dueMember(d)) }
func settled(d domain.Due) op  { return unrank(dueKey, dueMember(d)) }

func dueMember(d domain.Due) string {
	return string(d.Kind) + "|" + d.Stream + "|" + d.Item
}

var dueQuery = query(`
return redis.call('ZRANGEBYSCORE', g .. ARGV[4], '-inf', ARGV[5], 'WITHSCORES', 'LIMIT', 0, ARGV[6])`)

// Due returns up to limit duties whose time has come at by, the oldest first.
func (r *Reader) Due(ctx context.Context, by time.Time, limit int) ([]domain.Due, error) {
	data, _, err := r.read(ctx, dueQuery, "", dueKey, by.UnixMilli(), pageSize(limit))
	if err != nil {
		return nil, err
	}
	var duties []domain.Due
	flat := asTexts(data)
	for i := 0; i+1 < len(flat); i += 2 {
		parts := strings.Split(flat[i], "|")
		ms, err := strconv.ParseFloat(flat[i+1], 64)
		if err == nil && len(parts) != 3 {
			err = fmt.Errorf("duty of %d parts", len(parts))
		}
		if err != nil {
			return nil, corrupt("duty", err)
		}
		duties = append(duties, domain.Due{Kind: domain.DueKind(parts[0]), Stream: parts[1], Item: parts[2], At: time.UnixMilli(int64(ms)).UTC()})
	}
	return duties, nil
}
