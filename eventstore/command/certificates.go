package command

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
)

// Certificates returns the documents that the case has issued until now.
func (h *Handler) Certificates(ctx context.Context, id domain.CaseID) (certificates.File, error) {
	var file certificates.File
	err := view(ctx, h, id.Stream(), func(f *certificates.File) error {
		file = f.Clone()
		return nil
	})
	return file, err
}

// Opening returns what the log holds of a list's opening; the zero value where it
// was not opened.
func (h *Handler) Opening(ctx context.Context, id domain.ListID) (housing.ListOpened, error) {
	var opened housing.ListOpened
	err := view(ctx, h, id.Stream(), func(q *housing.Queue) error {
		opened = q.List
		return nil
	})
	return opened, err
}

// DuplicateCertificate issues a departure sheet of the case again: one append,
// after which the earlier one is no longer valid.
func (h *Handler) DuplicateCertificate(ctx context.Context, cmd domain.Command, kase domain.CaseID, id domain.CertificateID, opt Options) (Receipt, error) {
	return execute(ctx, h, order[certificates.File]{
		cmd: cmd, stream: kase.Stream(), correlation: kase.UUID, ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(f *certificates.File) ([]domain.Event, error) { return f.Duplicate(cmd, id) },
	})
}

// CorrectCertificate mends slips of a document of the case: one append, which
// makes a new version of it.
func (h *Handler) CorrectCertificate(ctx context.Context, cmd domain.Command, kase domain.CaseID, c certificates.Correct, opt Options) (Receipt, error) {
	return execute(ctx, h, order[certificates.File]{
		cmd: cmd, stream: kase.Stream(), correlation: kase.UUID, ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(f *certificates.File) ([]domain.Event, error) { return f.Correct(cmd, c) },
	})
}
