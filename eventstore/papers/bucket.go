package papers

import (
	"context"
	"io"
	"iter"
	"os"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
)

// Bucket keeps files in a bucket of an S3-compatible store, as <prefix>/<case>/<hash>.
type Bucket struct {
	Client *minio.Client
	Name   string
	Prefix string // of the names of all objects; may be empty
}

// Keep implements [Files].
func (b Bucket) Keep(ctx context.Context, at Address, spooled *os.File) error {
	if _, err := spooled.Seek(0, io.SeekStart); err != nil {
		return err
	}
	info, err := spooled.Stat()
	if err != nil {
		return err
	}
	_, err = b.Client.PutObject(ctx, b.Name, b.object(at), spooled, info.Size(), minio.PutObjectOptions{
		ContentType: "application/octet-stream", SendContentMd5: true,
	})
	return err
}

// Open implements [Files].
func (b Bucket) Open(ctx context.Context, at Address) (io.ReadCloser, error) {
	object, err := b.Client.GetObject(ctx, b.Name, b.object(at), minio.GetObjectOptions{})
	if err != nil {
		return nil, missing(err)
	}
	if _, err := object.Stat(); err != nil { // the first call that asks the store
		object.Close()
		return nil, missing(err)
	}
	return object, nil
}

func missing(err error) error {
	if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
		return ErrMissing
	}
	return err
}

// Remove implements [Files].
func (b Bucket) Remove(ctx context.Context, at Address) error {
	return b.Client.RemoveObject(ctx, b.Name, b.object(at), minio.RemoveObjectOptions{})
}

// All implements [Files].
func (b Bucket) All(ctx context.Context) iter.Seq2[Kept, error] {
	return func(yield func(Kept, error) bool) {
		ctx, cancel := context.WithCancel(ctx) // ends the listing where the loop is left
		defer cancel()
		prefix := b.Prefix
		if prefix != "" {
			prefix = strings.TrimSuffix(prefix, "/") + "/"
		}
		for o := range b.Client.ListObjectsIter(ctx, b.Name, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if o.Err != nil {
				yield(Kept{}, o.Err)
				return
			}
			at, ok := parseAddress(path.Base(path.Dir(o.Key)), path.Base(o.Key))
			if ok && b.object(at) == o.Key && !yield(Kept{at, o.LastModified}, nil) {
				return
			}
		}
	}
}

func (b Bucket) object(at Address) string { return path.Join(b.Prefix, at.Case.String(), at.Hash) }
