package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"tizilim/domain/proof"
	"tizilim/eventstore"
	"tizilim/eventstore/seal"
	"tizilim/eventstore/tree"
)

// proofFlags are the flags of serve about how the log proves itself.
type proofFlags struct {
	LogName   string `help:"Name of the log in its signed heads, such as the registry's domain. It must stay the same for one log." default:"tizilim" env:"TIZILIM_LOG_NAME"`
	CheckRate int    `name:"log-check-rate" help:"Events a second at which the log is compared with its signed heads in the background; 0 switches this off." default:"1000" env:"TIZILIM_LOG_CHECK_RATE"`
}

// logKey is the secret behind the MACs and the signature of the log.
type logKey []byte

// derived returns a key of 32 bytes for one purpose.
func (k logKey) derived(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k, nil, purpose, keySize)
	if err != nil { // only for a length that SHA-256 cannot give
		panic(err)
	}
	return key
}

func (k logKey) mac() proof.Key { return k.derived("tizilim log mac 1") }

func (k logKey) signer(name string) (*proof.Signer, error) {
	s, err := proof.NewSigner(name, k.derived("tizilim log head 1"))
	if err != nil {
		return nil, fmt.Errorf("--log-name: %w", err)
	}
	return s, nil
}

func logKeyFile(data string) string { return keyFile(keysDir(data), "log") }

// publicKeyFile holds the public key of the log, so that tools need no name and no
// secret.
func publicKeyFile(data string) string { return filepath.Join(keysDir(data), "log.pub") }

func logWitness(data string) *tree.Witness { return tree.NewWitness(filepath.Join(data, "log.head")) }

// knownLog is what a data directory has about its log, for tools.
type knownLog struct {
	mac     proof.Key // nil: not known
	public  *proof.Public
	witness *tree.Witness
	masters seal.MasterKeys // nil: not known
}

// knowLog reads what the data directory has. It creates nothing.
func knowLog(data string) (known knownLog, err error) {
	known.witness = logWitness(data)
	if _, err := os.Stat(logKeyFile(data)); err == nil {
		key, err := openKey(logKeyFile(data))
		if err != nil {
			return known, err
		}
		known.mac = logKey(key).mac()
	}
	if known.public, err = readPublicKey(publicKeyFile(data)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return known, err
	}
	if holdsMasterKeys(keysDir(data)) {
		masters, err := openMasterKeys(keysDir(data))
		if err != nil {
			return known, err
		}
		known.masters = masters
	}
	return known, nil
}

// readPublicKey reads the public key of a log from a file.
func readPublicKey(path string) (*proof.Public, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the public key of the log: %w", err)
	}
	public, err := proof.ParsePublic(string(text))
	return &public, err
}

// options are those of a store whose events are checked where the key is known.
func (k knownLog) options() []eventstore.Option {
	if k.mac == nil {
		return nil
	}
	return []eventstore.Option{eventstore.WithIntegrity(k.mac)}
}

// optionsOf are those of a store that a tool opens with the keys of the data directory: it
// checks and writes MACs, and opens and seals personal values, as far as the keys are there.
func optionsOf(data string) ([]eventstore.Option, error) {
	known, err := knowLog(data)
	if err != nil {
		return nil, err
	}
	options := known.options()
	if known.masters != nil {
		options = append(options, eventstore.WithMasterKeys(known.masters))
	}
	return options, nil
}

// check compares the log with its tree. Where nothing is found, and the master keys are
// known, it reads all data keys of the log.
func (k knownLog) check(ctx context.Context, store *eventstore.Store, progress func(done, of int64)) (tree.Report, error) {
	report, err := tree.Check(ctx, tree.CheckConfig{
		Store: store, Public: *k.public, Key: k.mac, Witness: k.witness, Progress: progress,
	})
	if err != nil || !report.Sound() || k.masters == nil {
		return report, err
	}
	if err := store.UseKeys(k.mac, k.masters); err != nil {
		return report, err
	}
	return report, store.CheckKeys(ctx)
}

// logProof is what proves the log of a running registry.
type logProof struct {
	tree    *tree.Tree
	signer  *proof.Signer
	builder *tree.Builder
	watch   *tree.Watch // nil: switched off
}

// openLogProof makes the parts. None of them runs yet.
func openLogProof(c config, key logKey, store *eventstore.Store, metrics prometheus.Registerer) (p logProof, err error) {
	signer, err := key.signer(c.proof.LogName)
	if err != nil {
		return p, err
	}
	public := signer.Public()
	if err := writePublicKey(c.data, public); err != nil {
		return p, err
	}
	witness := logWitness(c.data)
	p.tree, err = tree.Open(tree.Config{Store: store, Public: public, Key: key.mac(), Dir: c.data, Witness: witness})
	if err != nil {
		return p, err
	}
	p.signer, p.builder = signer, tree.NewBuilder(p.tree, signer, now, c.logger)
	if c.proof.CheckRate > 0 {
		p.watch, err = tree.NewWatch(p.tree, tree.CheckConfig{
			Store: store, Public: public, Key: key.mac(), Witness: witness, Rate: c.proof.CheckRate,
		}, c.logger, metrics)
	}
	return p, err
}

// writePublicKey writes the public key of the log beside its secret, and refuses to
// change it: a log has one name and one key.
func writePublicKey(data string, public proof.Public) error {
	path := publicKeyFile(data)
	if err := makeOnce(path, []byte(public.String()+"\n")); err != nil {
		return fmt.Errorf("write the public key of the log: %w", err)
	}
	known, err := knowLog(data)
	if err == nil && known.public.String() != public.String() {
		err = fmt.Errorf("the log has another name or key than %s says: give its name with --log-name, "+
			"or restore %s from a backup", path, logKeyFile(data))
	}
	return err
}

// begin has the log begin with its first head, before the first event that needs it
// comes; where the event store does not answer yet, the builder does it.
func (p logProof) begin(ctx context.Context, logger *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, beginPatience)
	defer cancel()
	if err := p.builder.Begin(ctx); err != nil {
		logger.Debug("the first head of the log could not be signed yet", "error", err)
	}
}
