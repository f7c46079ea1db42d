package token

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Key is a key by which the registry signs its own tokens (Ed25519).
type Key struct {
	private ed25519.PrivateKey
	id      string
}

// NewKey makes a Key of a seed of 32 bytes.
func NewKey(seed []byte) (*Key, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("token key: %d bytes, want %d", len(seed), ed25519.SeedSize)
	}
	private := ed25519.NewKeyFromSeed(seed)
	thumb := sha256.Sum256(private.Public().(ed25519.PublicKey))
	return &Key{private, hex.EncodeToString(thumb[:16])}, nil
}

// ID is the "kid" of the tokens that the key signs: the beginning of the SHA-256 of its
// public half, 32 digits in hex. It is no secret.
func (k *Key) ID() string { return k.id }
