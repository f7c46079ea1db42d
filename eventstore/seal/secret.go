package seal

import (
	"fmt"
	"reflect"
	"slices"

	"tizilim/domain"
)

// Secret seals a secret that stands outside of the log, such as the key of a file, in the form of
// a sealed text. It opens with the same binding alone.
func (k *Key) Secret(secret, binding []byte) string {
	sealed := k.aead.Seal(nil, nil, secret, k.bindSecret(binding))
	return domain.SealedPrefix + k.name + "." + encoding.EncodeToString(sealed)
}

func (k *Key) bindSecret(binding []byte) []byte {
	return slices.Concat([]byte("tizilim secret s1\x00"), []byte(k.name), []byte{0}, binding)
}

// OpenSecret opens what [Key.Secret] has sealed, by the key that keyOf returns; nil says that the
// key was destroyed, and then the secret is nil too.
func OpenSecret(sealed string, binding []byte, keyOf func(KeyID) (*Key, error)) ([]byte, error) {
	id, content, ok := parse(reflect.ValueOf(sealed), text)
	if !ok {
		return nil, fmt.Errorf("seal: this is no sealed secret")
	}
	key, err := keyOf(id)
	if key == nil || err != nil {
		return nil, err
	}
	secret, err := key.aead.Open(nil, nil, content, key.bindSecret(binding))
	if err != nil {
		return nil, fmt.Errorf("seal: a secret sealed by key %s is not what was sealed with this binding", id)
	}
	return secret, nil
}
