package command

import (
	"context"
	"time"

	"tizilim/domain"
	"tizilim/domain/residence"
)

const (
	// claimPatience is for how long a claim to a code holds off others while the dwelling
	// has not taken the code. A command that is at work needs far less. Nothing but the
	// answers depends on it: the streams decide who has the code.
	claimPatience = 2 * time.Second
	// claimLook is the pause between two looks whether the dwelling has taken the code.
	claimLook = 20 * time.Millisecond
	// claimsMet is how many claims of others a command voids before its caller is told to
	// send it again.
	claimsMet = 8
)

// RecordDwelling records a dwelling. Its owners must be recorded persons, and no other
// dwelling has one of its codes.
//
// Steps:
//  1. The stream of each code takes a claim for the dwelling, the RKA before the cadastral
//     number. It refuses where another dwelling has the code.
//  2. The dwelling's stream records the dwelling, or refuses where a claim has become void.
//
// Before the first step the command is decided once without effect, so that one that is
// refused claims nothing.
//
// A crash after a claim leaves a claim without a dwelling. The same command, repeated, goes
// on. Another command that wants the code first appends to the dwelling's stream that the
// claim is void. The log has either this or the dwelling first, and refuses the other one:
// so nobody takes a code over from a dwelling that may still be recorded. For the same
// reason no claim has to be given back after a refusal.
func (h *Handler) RecordDwelling(
	ctx context.Context, cmd domain.Command, c residence.RecordDwelling, opt Options,
) (Receipt, error) {
	unfit := h.ownersKnown(ctx, cmd, c.Owners, c.OwnersSince)
	if unfit == nil {
		unfit = h.madeFromStand(ctx, c.MadeFrom)
	}
	written, err := c.Written()
	if err != nil {
		return Receipt{}, err
	}
	return h.withCodes(ctx, c.DwellingID, written.Codes(), streamCommand[residence.Dwelling]{
		cmd: cmd, stream: c.DwellingID.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun,
	}, func(d *residence.Dwelling, _ []residence.DwellingCode) ([]domain.Event, error) {
		if unfit != nil {
			return nil, unfit
		}
		c.Rules = h.rules
		return d.Record(cmd, c)
	})
}

// RecodeDwelling gives a dwelling other codes, or a code that it had not (R35). Steps and crashes
// are those of [Handler.RecordDwelling]; the codes that the dwelling gives up are free with the
// second step, in the same append.
func (h *Handler) RecodeDwelling(
	ctx context.Context, cmd domain.Command, id domain.DwellingID, c residence.Recode, opt Options,
) (Receipt, error) {
	return h.withCodes(ctx, id, c.Identity.Codes(), streamCommand[residence.Dwelling]{
		cmd: cmd, stream: id.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun,
	}, func(d *residence.Dwelling, claimed []residence.DwellingCode) ([]domain.Event, error) {
		c.Claimed = claimed
		return d.Recode(cmd, c)
	})
}

// takenBy are the codes that the dwelling takes by the events, in the order in which they are
// claimed.
func takenBy(events []domain.Recorded) []residence.DwellingCode {
	codes := []residence.DwellingCode{}
	for _, rec := range events {
		switch e := rec.Event.(type) {
		case residence.DwellingRecorded:
			codes = append(codes, e.Identity().Codes()...)
		case residence.DwellingRecoded:
			codes = append(codes, e.Taken()...)
		}
	}
	return codes
}

// withCodes carries out a command by which the dwelling takes codes: those of the events that
// decide returns while nothing is claimed (nil). named are the codes that the caller named.
func (h *Handler) withCodes(
	ctx context.Context, id domain.DwellingID, named []residence.DwellingCode, take streamCommand[residence.Dwelling],
	decide func(d *residence.Dwelling, claimed []residence.DwellingCode) ([]domain.Event, error),
) (Receipt, error) {
	dryRun := take.dryRun
	take.dryRun = true
	take.decide = func(d *residence.Dwelling) ([]domain.Event, error) { return decide(d, nil) }
	r, err := execute(ctx, h, take)
	if domain.CodeOf(err) == domain.CodeClaimVoid {
		return Receipt{}, h.whoseCodes(ctx, id, named, err)
	}
	if err != nil {
		return Receipt{}, err
	}
	done := !r.Planned // it was carried out before
	claim := h.claimCode
	if done { // its claims are only read again
		claim = h.claimedCode
	}
	codes := takenBy(r.Events)
	var claims []domain.Recorded
	for _, code := range codes {
		claimed, err := claim(ctx, take.cmd, id, code, dryRun)
		if err != nil {
			return Receipt{}, err
		}
		claims = append(claims, claimed...)
	}
	if !dryRun && !done {
		take.dryRun, take.later = false, true
		take.decide = func(d *residence.Dwelling) ([]domain.Event, error) { return decide(d, codes) }
		r, err = execute(ctx, h, take)
	}
	switch {
	case domain.CodeOf(err) == domain.CodeClaimVoid:
		return Receipt{}, h.whoseCodes(ctx, id, codes, err)
	case err != nil:
		return Receipt{}, err
	}
	r.Events = append(claims, r.Events...)
	return r, nil
}

// claimCode claims a code for the dwelling of the command, or plans it, and returns the event
// of the claim. A claim that the command has made before is returned as the log has it.
func (h *Handler) claimCode(
	ctx context.Context, cmd domain.Command, id domain.DwellingID, code residence.DwellingCode, dryRun bool,
) ([]domain.Recorded, error) {
	for range claimsMet {
		before, err := h.voidClaim(ctx, cmd, code, dryRun)
		if err != nil {
			return nil, err
		}
		r, err := h.claim(ctx, cmd, residence.ClaimCode{Code: code, DwellingID: id, ID: cmd.ID, Voided: before}, dryRun)
		if domain.CodeOf(err) != domain.CodeLostRace {
			return r.Events, err
		}
	}
	return nil, lostRace(false)
}

// claimedCode returns the event of the claim that the command has made before.
func (h *Handler) claimedCode(
	ctx context.Context, cmd domain.Command, id domain.DwellingID, code residence.DwellingCode, _ bool,
) ([]domain.Recorded, error) {
	r, err := h.claim(ctx, cmd, residence.ClaimCode{Code: code, DwellingID: id, ID: cmd.ID}, true)
	return r.Events, err
}

func (h *Handler) claim(
	ctx context.Context, cmd domain.Command, c residence.ClaimCode, dryRun bool,
) (Receipt, error) {
	step := cmd.Step(cmd.ID.UUID, "claim "+string(c.Code.Kind))
	step.Digest = cmd.Digest // another request with this key is noticed here too
	return execute(ctx, h, streamCommand[residence.CodeClaim]{
		cmd: step, stream: c.Code.Stream(), correlation: cmd.ID.UUID, dryRun: dryRun,
		decide: func(s *residence.CodeClaim) ([]domain.Event, error) { return s.Claim(step, c) },
	})
}

// voidClaim sees to it that the last claim to the code is void, unless it is that of the
// command, and returns it; zero where there is none. A dwelling that has the code refuses.
func (h *Handler) voidClaim(
	ctx context.Context, cmd domain.Command, code residence.DwellingCode, dryRun bool,
) (domain.CommandID, error) {
	claim, err := load[residence.CodeClaim](ctx, h, code.Stream())
	if err != nil || claim.ID.IsZero() || claim.ID == cmd.ID {
		return claim.ID, err
	}
	has, void, err := h.awaitClaim(ctx, claim)
	switch {
	case has:
		return claim.ID, residence.CodeTaken(code, claim.DwellingID)
	case err != nil || void:
		return claim.ID, err
	}
	step := cmd.Step(claim.ID.UUID, "void the claim to "+string(code.Kind))
	_, err = execute(ctx, h, streamCommand[residence.Dwelling]{
		cmd: step, stream: claim.DwellingID.Stream(), correlation: cmd.ID.UUID, dryRun: dryRun,
		decide: func(d *residence.Dwelling) ([]domain.Event, error) { return d.VoidClaim(step, claim) },
	})
	return claim.ID, err
}

// awaitClaim reports whether the dwelling of the claim has the code, or the claim is void: it was
// overtaken, or spent when the dwelling gave the code up. A claim that is young may be of a
// command that is at work: it gets the time to end.
func (h *Handler) awaitClaim(ctx context.Context, claim residence.CodeClaim) (has, void bool, err error) {
	wait, cancel := context.WithTimeout(ctx, max(0, claimPatience-max(0, h.now().Sub(claim.At))))
	defer cancel()
	for {
		d, err := look[residence.Dwelling](ctx, h, claim.DwellingID.Stream())
		if err != nil {
			return false, false, err
		}
		if has, void := d.Has(claim.Code), d.Voided(claim.ID); has || void {
			return has, void, nil
		}
		select {
		case <-wait.Done():
			return false, false, ctx.Err()
		case <-time.After(claimLook):
		}
	}
}

// whoseCodes is the answer to a command whose claims have become void: which dwelling has a
// code now, or the refusal itself where none has.
func (h *Handler) whoseCodes(
	ctx context.Context, id domain.DwellingID, codes []residence.DwellingCode, refusal error,
) error {
	for _, code := range codes {
		claim, err := load[residence.CodeClaim](ctx, h, code.Stream())
		if err != nil {
			return err
		}
		if claim.DwellingID == id || claim.ID.IsZero() {
			continue
		}
		has, _, err := h.awaitClaim(ctx, claim)
		if err != nil {
			return err
		}
		if has {
			return residence.CodeTaken(code, claim.DwellingID)
		}
	}
	return refusal
}

// FoundDwelling is a dwelling that a code names.
type FoundDwelling struct {
	residence.Dwelling
	RecodedFrom domain.Date // since when it is not known by the code any more; no day where it is
}

// FindDwelling returns the dwelling that was known by the code on the day. A code that was given
// up goes on to find the dwelling for the days before; where no dwelling is known by it on the
// day, it finds the last one that ever was. The refusal is [residence.UnknownDwelling].
func (h *Handler) FindDwelling(
	ctx context.Context, code residence.DwellingCode, day domain.Date,
) (FoundDwelling, error) {
	claims, err := look[residence.CodeClaim](ctx, h, code.Stream())
	if err != nil {
		return FoundDwelling{}, err
	}
	var former *residence.Dwelling
	for _, id := range claims.Claimants {
		d, err := look[residence.Dwelling](ctx, h, id.Stream())
		if err != nil {
			return FoundDwelling{}, err
		}
		if d.HadOn(code, day) {
			return FoundDwelling{d.Clone(), d.RecodedFrom(code)}, nil
		}
		if d.EverHad(code) {
			former = d
		}
	}
	if former == nil {
		return FoundDwelling{}, domain.Refuse(domain.NotFound, domain.CodeDwellingUnknown,
			"no dwelling is known by this code, and none was").At(string(code.Kind))
	}
	return FoundDwelling{former.Clone(), former.RecodedFrom(code)}, nil
}
