// Package mobilecitizens asks which telephone is bound to an IIN in the
// mobile-citizens base (БМГ), which a one-time password needs (S000-3.4).
//
// [Service] asks the base over HTTP; [File] is a list on this machine, for the
// embedded default.
package mobilecitizens

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"time"

	"tizilim/domain"
)

// answerWithin is how long the base may take: a citizen waits.
const answerWithin = 5 * time.Second

// maxAnswer bounds an answer of the base, in bytes.
const maxAnswer = 4 << 10

// File is a list of JSON objects, one a line: a person's id and telephone. It
// holds no IIN. The last line of a person holds; an empty telephone is none.
type File struct {
	path   string
	person func(domain.IIN) domain.PersonID
}

type line struct {
	PersonID domain.PersonID `json:"person_id"`
	Phone    domain.Personal `json:"phone"`
}

// NewFile returns the list in the file, which need not exist yet.
func NewFile(path string, person func(domain.IIN) domain.PersonID) *File {
	return &File{path, person}
}

// Phone returns the telephone that is bound to the IIN; "" where none is. The
// file is read anew each time: it is short, and another process adds to it.
func (f *File) Phone(_ context.Context, iin domain.IIN) (domain.Personal, error) {
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	id := f.person(iin)
	var phone domain.Personal
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return "", fmt.Errorf("%s holds a line that is not understood: %w", f.path, err)
		}
		if l.PersonID == id {
			phone = l.Phone
		}
	}
	return phone, nil
}

// Bind adds to the list that the telephone is the person's.
func (f *File) Bind(iin domain.IIN, phone domain.Personal) error {
	text, err := json.Marshal(line{f.person(iin), phone})
	if err != nil {
		return err
	}
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	return errors.Join(err, file.Sync(), file.Close())
}

// Service asks an HTTP service: POST {"iin": "…"} answers 200 with {"phone":
// "+7…"}, or 404 where none is bound.
type Service struct {
	url    string
	client http.Client
}

// NewService returns the service at the address.
func NewService(url string) *Service {
	return &Service{url, http.Client{Timeout: answerWithin}}
}

// Phone returns the telephone that is bound to the IIN; "" where none is.
func (s *Service) Phone(ctx context.Context, iin domain.IIN) (domain.Personal, error) {
	body, err := json.Marshal(map[string]string{"iin": string(iin)})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return "", fmt.Errorf("the mobile-citizens base does not answer: %w", err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusNotFound:
		return "", nil
	case http.StatusOK:
	default:
		return "", fmt.Errorf("the mobile-citizens base answered %d", response.StatusCode)
	}
	var answer struct {
		Phone domain.Personal `json:"phone"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer); err != nil {
		return "", errors.New("the mobile-citizens base answered what is not understood")
	}
	return answer.Phone, nil
}
