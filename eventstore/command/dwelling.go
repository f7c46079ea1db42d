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
	if err := h.ownersKnown(ctx, cmd.Role, c.Owners); err != nil {
		return Receipt{}, err
	}
	written, err := c.Written()
	if err != nil {
		return Receipt{}, err
	}
	return h.withCodes(ctx, c.DwellingID, written.Codes(), streamCommand[residence.Dwelling]{
		cmd: cmd, stream: c.DwellingID.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(d *residence.Dwelling) ([]domain.Event, error) { return d.Record(cmd, c) },
	})
}

// withCodes carries out a command by which the dwelling takes the codes. Steps and crashes
// are those of [Handler.RecordDwelling].
func (h *Handler) withCodes(
	ctx context.Context, id domain.DwellingID, codes []residence.DwellingCode, take streamCommand[residence.Dwelling],
) (Receipt, error) {
	dryRun := take.dryRun
	take.dryRun = true
	r, err := execute(ctx, h, take)
	if domain.CodeOf(err) == domain.CodeClaimVoid {
		return Receipt{}, h.whoseCodes(ctx, id, codes, err)
	}
	if err != nil {
		return Receipt{}, err
	}
	done := !r.Planned // it was carried out before
	claim := h.claimCode
	if done { // its claims are only read again
		claim = h.claimedCode
	}
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
	has, err := h.awaitClaim(ctx, claim)
	if err != nil {
		return claim.ID, err
	}
	if has {
		return claim.ID, residence.CodeTaken(code, claim.DwellingID)
	}
	void := cmd.Step(claim.ID.UUID, "void the claim to "+string(code.Kind))
	_, err = execute(ctx, h, streamCommand[residence.Dwelling]{
		cmd: void, stream: claim.DwellingID.Stream(), correlation: cmd.ID.UUID, dryRun: dryRun,
		decide: func(d *residence.Dwelling) ([]domain.Event, error) { return d.VoidClaim(void, claim) },
	})
	return claim.ID, err
}

// awaitClaim reports whether the dwelling of the claim has taken the code. A claim that is
// young may be of a command that is at work: it gets the time to end.
func (h *Handler) awaitClaim(ctx context.Context, claim residence.CodeClaim) (bool, error) {
	wait, cancel := context.WithTimeout(ctx, max(0, claimPatience-max(0, h.now().Sub(claim.At))))
	defer cancel()
	for {
		d, err := look[residence.Dwelling](ctx, h, claim.DwellingID.Stream())
		if err != nil || d.Has(claim.Code) || d.Voided(claim.ID) {
			return err == nil && d.Has(claim.Code), err
		}
		select {
		case <-wait.Done():
			return false, ctx.Err()
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
		has, err := h.awaitClaim(ctx, claim)
		if err != nil {
			return err
		}
		if has {
			return residence.CodeTaken(code, claim.DwellingID)
		}
	}
	return refusal
}
