package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"tizilim/domain/proof"
	pages "tizilim/httpapi/documents"
)

// maxDocument bounds a document as PDF, in bytes. One takes some 60 KB.
const maxDocument = 4 << 20

const pdfHeader = "%PDF-"

// isPDF reports how the file begins.
func isPDF(file io.ReaderAt) (bool, error) {
	beginning := make([]byte, len(pdfHeader))
	n, err := file.ReadAt(beginning, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return string(beginning[:n]) == pdfHeader, err
}

// verifyDocument checks a document as PDF, and says what that proves and what it does
// not.
func verifyDocument(file io.Reader, size int64, key proof.Public) error {
	if size > maxDocument {
		return fmt.Errorf("the file has more than %d MB: it is no document of the registry", maxDocument>>20)
	}
	content, err := io.ReadAll(file)
	if err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	page, text, err := pages.Detach(content)
	if err != nil {
		return err
	}
	var printed proof.Printed
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&printed); err != nil {
		return fmt.Errorf("the attachment is not a proof: %w", err)
	}
	head, err := printed.Check(key, page)
	if err != nil {
		return err
	}
	fmt.Printf("the log %s has %s as event %d; the head of %d events was signed at %s\n", key.Name(),
		printed.Proof.Event, printed.Proof.Index+1, head.Size, head.At.Format("2006-01-02 15:04:05Z"))
	fmt.Println("the page is what the registry has made for that event: nothing in the file was changed")
	fmt.Println("not proven: that the document is still valid; its check code tells that")
	return nil
}
