package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"tizilim/domain/proof"
)

type auditVerifyCommand struct {
	File string `arg:"" help:"Bundle, as GET /v1/persons/{id}/history gives it for Accept: application/vnd.tizilim.bundle+zip, or a document of the registry as PDF." type:"existingfile"`
	Key  string `help:"Public key of the log, as /v1/log/key shows it, or a file with it." required:"" placeholder:"KEY"`
}

func (c *auditVerifyCommand) Run(context.Context) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("open the file: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("open the file: %w", err)
	}
	if printed, err := isPDF(file); err != nil {
		return fmt.Errorf("open the file: %w", err)
	} else if printed {
		return verifyDocument(file, info.Size(), key)
	}
	report, err := proof.CheckBundle(file, info.Size(), key)
	if err != nil {
		return err
	}
	for _, wrong := range report.Wrong {
		fmt.Println(wrong)
	}
	for _, ref := range report.Pending {
		fmt.Printf("%s: not proven: no signed head covered it when the bundle was made\n", ref)
	}
	fmt.Printf("%d of %s proven", report.Proven, counted(report.Events, "event"))
	if report.Proven > 0 {
		fmt.Printf("; the newest head is of %d events, signed at %s", report.Newest.Size,
			report.Newest.At.Format("2006-01-02 15:04:05Z"))
	}
	fmt.Println()
	if !report.Sound() {
		return errors.New("the bundle was changed, or is of another log")
	}
	if len(report.Pending) > 0 {
		return errors.New("not every event is proven: ask for the bundle again")
	}
	return nil
}

// key reads the key itself or the file that has it.
func (c *auditVerifyCommand) key() (proof.Public, error) {
	if key, err := proof.ParsePublic(c.Key); err == nil {
		return key, nil
	}
	if strings.Contains(c.Key, "+") {
		if _, err := os.Stat(c.Key); err != nil {
			return proof.Public{}, errors.New("--key is not the public key of a log: copy it whole from /v1/log/key")
		}
	}
	key, err := readPublicKey(c.Key)
	if err != nil {
		return proof.Public{}, err
	}
	return *key, nil
}
