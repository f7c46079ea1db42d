package command

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/procedure"
	"tizilim/eventstore/papers"
)

// FilePaper binds the file of a paper to a case (C30). The file must be durable. may refuses a
// caller whom the case does not concern.
func (h *Handler) FilePaper(
	ctx context.Context, cmd domain.Command, id domain.CaseID, p procedure.FilePaper, most int,
	may func(*procedure.Case) error, opt Options,
) (Receipt, error) {
	return onCaseStream(ctx, h, cmd, id, opt, func(c *procedure.Case) ([]domain.Event, error) {
		if err := may(c); err != nil {
			return nil, err
		}
		return c.FilePaper(cmd, p, most)
	})
}

// Paper returns what was filed in the case under this id. Error: [domain.CodePaperUnknown].
func (h *Handler) Paper(ctx context.Context, id domain.CaseID, paper domain.PaperID) (procedure.PaperFiled, error) {
	found, ok, err := h.paper(ctx, id, func(e procedure.PaperFiled) bool { return e.PaperID == paper })
	if err == nil && !ok {
		err = domain.Refuse(domain.NotFound, domain.CodePaperUnknown, "the case has no file with this id")
	}
	return found, err
}

// NamesPaper implements [papers.Named].
func (h *Handler) NamesPaper(ctx context.Context, at papers.Address) (bool, error) {
	_, ok, err := h.paper(ctx, at.Case, func(e procedure.PaperFiled) bool { return e.Stored == at.Hash })
	return ok, err
}

// handedIn are the scans of a case.
func (h *Handler) handedIn(ctx context.Context, id domain.CaseID) (list []certificates.HandedIn, err error) {
	_, _, err = h.paper(ctx, id, func(e procedure.PaperFiled) bool {
		list = append(list, certificates.HandedIn{Document: e.Document, SHA256: e.SHA256})
		return false
	})
	return list, err
}

// paper returns the first scan of a case that is what is asked for.
func (h *Handler) paper(
	ctx context.Context, id domain.CaseID, is func(procedure.PaperFiled) bool,
) (procedure.PaperFiled, bool, error) {
	for rec, err := range h.log.Read(ctx, id.Stream(), 0) {
		if err != nil {
			return procedure.PaperFiled{}, false, err
		}
		if e, ok := rec.Event.(procedure.PaperFiled); ok && is(e) {
			return e, true, nil
		}
	}
	return procedure.PaperFiled{}, false, nil
}
