package papers

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"tizilim/domain"
)

// Scanner looks for viruses.
type Scanner interface {
	// Scan reads the content to its end. It returns what was found in it; "" where nothing was.
	Scan(ctx context.Context, content io.Reader) (found string, err error)
}

// scan has the scanner see all that is read of the content. verdict ends the scan, once the
// content was read.
func (s *Store) scan(ctx context.Context, content io.Reader) (seen io.Reader, verdict func() error) {
	type result struct {
		found string
		err   error
	}
	out, in := io.Pipe()
	done := make(chan result, 1)
	go func() {
		found, err := s.scanner.Scan(ctx, out)
		out.CloseWithError(errNotScanned) // whoever still writes is told
		done <- result{found, err}
	}()
	return io.TeeReader(content, in), func() error {
		in.Close()
		r := <-done
		switch {
		case r.err != nil:
			return errors.Join(domain.Refuse(domain.Unavailable, domain.CodeScannerAway,
				"the file cannot be looked at for viruses now, so it was not taken; send the same request again"), r.err)
		case r.found != "":
			return domain.Refuse(domain.Invalid, domain.CodePaperInfected,
				"a virus was found in the file: scan the paper on another machine").At("file")
		}
		return nil
	}
}

var errNotScanned = errors.New("papers: the scanner has stopped reading")

// Clamd is a [Scanner] that asks a clamd by its command INSTREAM.
type Clamd struct {
	Network, Address string        // such as tcp and 127.0.0.1:3310, or unix and a path
	Patience         time.Duration // for the whole scan
}

// Scan implements [Scanner].
func (c Clamd) Scan(ctx context.Context, content io.Reader) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, c.Network, c.Address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if end, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(end); err != nil {
			return "", err
		}
	}
	if _, err := io.WriteString(conn, "zINSTREAM\x00"); err != nil {
		return "", err
	}
	if _, err := io.Copy(chunks{conn}, content); err != nil {
		return "", err
	}
	if _, err := conn.Write(make([]byte, 4)); err != nil { // a chunk of no bytes ends the stream
		return "", err
	}
	answer, err := bufio.NewReader(io.LimitReader(conn, maxHeading)).ReadString(0)
	if err != nil {
		return "", err
	}
	said := strings.TrimPrefix(strings.TrimSuffix(answer, "\x00"), "stream: ")
	if found, ok := strings.CutSuffix(said, " FOUND"); ok {
		return found, nil
	}
	if said != "OK" {
		return "", fmt.Errorf("clamd answers %q", said)
	}
	return "", nil
}

// chunks write each piece with its length before it.
type chunks struct{ w io.Writer }

func (c chunks) Write(p []byte) (int, error) {
	if len(p) == 0 { // would end the stream
		return 0, nil
	}
	buffers := net.Buffers{binary.BigEndian.AppendUint32(nil, uint32(len(p))), p}
	n, err := buffers.WriteTo(c.w)
	return max(int(n)-4, 0), err
}
