package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	neturl "net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	s3 "github.com/minio/minio-go/v7/pkg/credentials"

	"tizilim/domain"
	"tizilim/domain/procedure"
	"tizilim/eventstore"
	"tizilim/eventstore/papers"
)

// scanPatience is how long a virus scanner may take for a file.
const scanPatience = 2 * time.Minute

// papersDir has the files of papers, and those on their way in.
func papersDir(data string) string { return filepath.Join(data, "papers") }

// bucketFlag says where the files of papers are.
type bucketFlag struct {
	Bucket string `name:"papers-bucket" help:"Bucket of an S3-compatible store for the files of papers, such as https://host/bucket/prefix; its keys are in TIZILIM_S3_ACCESS_KEY and TIZILIM_S3_SECRET_KEY. Default: the directory papers in --data." placeholder:"URL" env:"TIZILIM_PAPERS_BUCKET"`
	Region string `name:"papers-region" help:"Region of the bucket, if its store has regions." default:"us-east-1" env:"TIZILIM_PAPERS_REGION"`
}

// files opens the place of the files.
func (f bucketFlag) files(data string) (papers.Files, error) {
	if f.Bucket == "" {
		return papers.Dir(papersDir(data)), nil
	}
	at, err := neturl.Parse(f.Bucket)
	if err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http" || at.User != nil || at.RawQuery != "" {
		return nil, errors.New("--papers-bucket is not the address of a bucket: write it as https://host/bucket, without keys")
	}
	name, prefix, _ := strings.Cut(strings.Trim(at.Path, "/"), "/")
	if name == "" {
		return nil, errors.New("--papers-bucket names no bucket: write it as https://host/bucket")
	}
	client, err := minio.New(at.Host, &minio.Options{
		Creds:  s3.NewStaticV4(os.Getenv("TIZILIM_S3_ACCESS_KEY"), os.Getenv("TIZILIM_S3_SECRET_KEY"), ""),
		Secure: at.Scheme == "https", Region: f.Region,
	})
	if err != nil {
		return nil, fmt.Errorf("--papers-bucket: %w", err)
	}
	return papers.Bucket{Client: client, Name: name, Prefix: prefix}, nil
}

// paperFlags bound the files of papers and say who looks at them.
type paperFlags struct {
	bucketFlag
	Largest int64  `name:"paper-size" help:"Largest file of a paper, in MB." default:"10" env:"TIZILIM_PAPER_SIZE"`
	PerCase int    `name:"papers-per-case" help:"Files that a case takes." default:"50" env:"TIZILIM_PAPERS_PER_CASE"`
	Clamd   string `help:"clamd that looks for viruses in files: host:port, or the path of its socket. Default: nobody looks." placeholder:"ADDRESS" env:"TIZILIM_CLAMD"`
}

// check refuses settings that cannot be meant.
func (f paperFlags) check() error {
	if f.Largest < 1 || f.Largest > 1000 || f.PerCase < 1 || f.PerCase > 1000 {
		return errors.New("--paper-size is from 1 to 1000 MB, and --papers-per-case from 1 to 1000 files")
	}
	_, err := f.files("")
	return err
}

// open opens the paper store.
func (f paperFlags) open(data string, keys papers.Keys) (*papers.Store, papers.Files, error) {
	files, err := f.files(data)
	if err != nil {
		return nil, nil, err
	}
	var scanner papers.Scanner
	if f.Clamd != "" {
		network := "tcp"
		if strings.HasPrefix(f.Clamd, "/") {
			network = "unix"
		}
		scanner = papers.Clamd{Network: network, Address: f.Clamd, Patience: scanPatience}
	}
	store, err := papers.New(files, keys, scanner, papersDir(data), f.Largest<<20)
	return store, files, err
}

// sweeper removes files that no event names. While it is in doubt which log this is, it
// removes none.
func (a *app) sweeper(logger *slog.Logger) *papers.Sweeper {
	return papers.NewSweeper(a.paperFiles, func(ctx context.Context, at papers.Address) (bool, error) {
		if err := a.watch.Doubt(); err != nil {
			return false, err
		}
		return a.commands.NamesPaper(ctx, at)
	}, now, logger)
}

// verifyPapers compares the files with the events of the log that name them, and prints what
// differs. It needs no key.
func verifyPapers(
	ctx context.Context, out io.Writer, files papers.Files, log iter.Seq2[eventstore.RawEvent, error],
) error {
	named, faults := 0, 0
	for e, err := range log {
		if err != nil {
			return err
		}
		if e.Type != (procedure.PaperFiled{}).EventType() {
			continue
		}
		var paper struct {
			CaseID domain.CaseID `json:"case_id"`
			Stored string        `json:"stored"`
		}
		if err := json.Unmarshal(e.Data, &paper); err != nil {
			return fmt.Errorf("event %s@%d: %w", e.Stream, e.Revision, err)
		}
		named++
		switch err := papers.Check(ctx, files, papers.Address{Case: paper.CaseID, Hash: paper.Stored}); {
		case errors.Is(err, papers.ErrMissing):
			fmt.Fprintf(out, "%s@%d: the file %s is missing\n", e.Stream, e.Revision, paper.Stored)
			faults++
		case errors.Is(err, papers.ErrDamaged):
			fmt.Fprintf(out, "%s@%d: the file %s is not what was handed in\n", e.Stream, e.Revision, paper.Stored)
			faults++
		case err != nil:
			return fmt.Errorf("file %s of %s@%d: %w", paper.Stored, e.Stream, e.Revision, err)
		}
	}
	fmt.Fprintf(out, "%s of papers compared: %d missing or damaged\n", counted(named, "file"), faults)
	if faults > 0 {
		return errors.New("files of papers that events name are missing or damaged: restore them from a backup")
	}
	return nil
}

// backedUpPapers are the files of papers in the data directory, for a backup.
func backedUpPapers(ctx context.Context, data string) (files []backupFile, err error) {
	dir := papersDir(data)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for f, err := range papers.Dir(dir).All(ctx) {
		if err != nil {
			return nil, err
		}
		name := f.Path()
		files = append(files, backupFile{Name: backupPapers + "/" + name, from: filepath.Join(dir, filepath.FromSlash(name))})
	}
	return files, nil
}
